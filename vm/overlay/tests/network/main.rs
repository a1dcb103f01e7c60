//! Whole overlays on loopback, among themselves and with strangers.

mod finding;
mod member;
mod membership;
mod messages;
mod refusals;
mod stranger;
