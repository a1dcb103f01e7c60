//! State: accounts, storage, code, the tries over them, and their history.
//!
//! Reading during execution goes to flat tables by hashed key; the tries serve roots and proofs only. A processing
//! block is a [`layer::Layer`] over its parent; an accepted one is in the store.
//!
//! | file | what lives there |
//! |---|---|
//! | `account.rs` | the account record |
//! | `layer.rs` | differences of one processing block |
//! | `overlay.rs` | state of the block that is being executed; revm's database |
//! | `trie.rs`, `trie/` | nodes, batch update, proofs |
//! | `root.rs` | an overlay's differences into roots and a layer |
//! | `history.rs` | keys and reading of reverse diffs |
//! | `commit.rs` | the one batch of an accepted block, and of a rewind |
//! | `meta.rs` | head, genesis, format |
//! | `format.rs` | the layout of the store over releases |
//! | `prune.rs` | taking history away that the window has left behind, while nothing runs |
//! | `audit.rs`, `audit/` | recomputes everything from its sources |

pub mod account;
pub mod audit;
pub mod commit;
pub mod format;
pub mod history;
pub mod layer;
pub mod meta;
pub mod overlay;
pub mod prune;
pub mod root;
pub mod trie;
