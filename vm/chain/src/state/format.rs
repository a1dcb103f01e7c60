//! The layout of the store over releases: an older one is brought up step by step, a newer one is refused with the name of
//! the release that reads it.

use crate::error::Fatal;
use crate::state::meta::{self, FORMAT, FORMAT_RELEASE};
use crate::store::{Batch, Column, Durability, Read, Store};
use alloy_primitives::Bytes;
use strum::IntoEnumIterator;

/// Every layout that there was, and the first release that reads it.
pub const FORMATS: &[(u32, &str)] = &[(FORMAT, FORMAT_RELEASE)];

/// Steps from one layout to the next, sorted. A layout without a step to the next is no longer read.
pub const MIGRATIONS: &[Migration] = &[];

/// A step from one layout to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Layout that it starts from.
    pub from: u32,
    /// What it writes, over the store as it is. It is stored together with the new number, or not at all.
    pub run: fn(&dyn Read, &mut Batch) -> Result<(), Fatal>,
}

/// Why a store is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A newer program wrote it.
    #[error(
        "the data folder has format {stored}, which {} reads; this is release {FORMAT_RELEASE} and reads formats up to {FORMAT}",
        reader.as_ref().map_or_else(|| "a newer release".to_owned(), |release| format!("release {release} or a newer one"))
    )]
    Newer {
        /// In the store.
        stored: u32,
        /// First release that reads it, where the store says so.
        reader: Option<String>,
    },
    /// It is older than what this program can bring up.
    #[error(
        "the data folder has format {stored}, which this release no longer reads; {} does",
        reader.map_or_else(|| "no release".to_owned(), |release| format!("release {release}"))
    )]
    Older {
        /// In the store.
        stored: u32,
        /// First release that reads it.
        reader: Option<&'static str>,
    },
    /// The store failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Brings a store to [`FORMAT`]; what it has then, none for an empty one.
///
/// # Errors
/// A layout without a way there, or records and none that says their layout. Such a store is not changed.
pub fn bring_up(store: &dyn Store, migrations: &[Migration]) -> Result<Option<u32>, FormatError> {
    bring_to(store, migrations, FORMAT)
}

/// What a store has, none for an empty one, where there is a way from there to [`FORMAT`]. Nothing is written.
///
/// # Errors
/// A layout without a way there, or records and none that says their layout.
pub fn check(read: &dyn Read, migrations: &[Migration]) -> Result<Option<u32>, FormatError> {
    check_to(read, migrations, FORMAT)
}

/// Nothing at all is stored. A store that holds anything is never taken for this, whatever record it lost: writing a first
/// block over it would destroy it.
///
/// # Errors
/// When the store failed.
pub fn is_empty(read: &dyn Read) -> Result<bool, Fatal> {
    for column in Column::iter() {
        if read.scan(column, &[]).next().transpose()?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn check_to(read: &dyn Read, migrations: &[Migration], wanted: u32) -> Result<Option<u32>, FormatError> {
    let Some(stored) = meta::format(read)? else {
        return if is_empty(read)? { Ok(None) } else { Err(lost()) };
    };
    if stored > wanted {
        return Err(FormatError::Newer { stored, reader: meta::release(read)? });
    }
    if (stored..wanted).any(|from| step(migrations, from).is_none()) {
        let reader = FORMATS.iter().find(|(format, _)| *format == stored).map(|(_, release)| *release);
        return Err(FormatError::Older { stored, reader });
    }
    Ok(Some(stored))
}

/// Every store that was ever written has the record.
fn lost() -> FormatError {
    let what = "record `format` of the data folder is missing, and the folder is not empty: it is damaged";
    Fatal::Corrupt(what.to_owned()).into()
}

fn step(migrations: &[Migration], from: u32) -> Option<&Migration> {
    migrations.iter().find(|step| step.from == from)
}

fn bring_to(store: &dyn Store, migrations: &[Migration], wanted: u32) -> Result<Option<u32>, FormatError> {
    let Some(stored) = check_to(store, migrations, wanted)? else { return Ok(None) };
    for from in stored..wanted {
        let Some(step) = step(migrations, from) else { break };
        let mut batch = Batch::default();
        (step.run)(store, &mut batch)?;
        let reached = from.saturating_add(1);
        batch.put(Column::Meta, Bytes::from_static(b"format"), reached.to_be_bytes().to_vec());
        store.commit(batch, Durability::Synced).map_err(Fatal::from)?;
    }
    Ok(Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    fn with_format(format: u32, release: Option<&'static str>) -> Memory {
        let store = Memory::new();
        let mut batch = Batch::default();
        batch.put(Column::Meta, Bytes::from_static(b"format"), format.to_be_bytes().to_vec());
        if let Some(release) = release {
            batch.put(Column::Meta, Bytes::from_static(b"release"), release.as_bytes().to_vec());
        }
        store.commit(batch, Durability::Synced).unwrap();
        store
    }

    const STEPS: &[Migration] = &[
        Migration {
            from: 7,
            run: |_, batch| {
                batch.put(Column::Meta, Bytes::from_static(b"seven"), Bytes::from_static(b"done"));
                Ok(())
            },
        },
        Migration {
            from: 8,
            run: |read, batch| {
                let seven = read.get(Column::Meta, b"seven")?.unwrap_or_default();
                batch.put(Column::Meta, Bytes::from_static(b"eight"), seven);
                Ok(())
            },
        },
    ];

    #[test]
    fn every_format_names_a_release_and_has_a_way_up() {
        assert_eq!(FORMATS.last(), Some(&(FORMAT, FORMAT_RELEASE)));
        assert!(FORMATS.is_sorted_by(|one, next| one.0 + 1 == next.0));
        assert!(MIGRATIONS.iter().all(|step| FORMATS.iter().any(|(format, _)| *format == step.from)));
    }

    #[test]
    fn a_newer_one_names_the_release_that_reads_it() {
        let refusal = |release| bring_up(&with_format(FORMAT + 1, release), MIGRATIONS).unwrap_err().to_string();
        assert_eq!(
            refusal(Some("0.9.0")),
            "the data folder has format 2, which release 0.9.0 or a newer one reads; this is release 0.1.0 and reads formats \
             up to 1"
        );
        let unknown = "the data folder has format 2, which a newer release reads; this is release 0.1.0 and reads formats \
                       up to 1";
        assert_eq!(refusal(None), unknown);
        assert_eq!(refusal(Some("\u{1b}[2J")), unknown, "what a terminal would obey is not repeated");
    }

    #[test]
    fn an_older_one_without_a_way_up_names_the_release_that_reads_it() {
        let store = with_format(6, None);
        let error = bring_to(&store, STEPS, 9).unwrap_err();
        assert_eq!(error, FormatError::Older { stored: 6, reader: None });
        let error = bring_to(&with_format(1, None), STEPS, 9).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the data folder has format 1, which this release no longer reads; release 0.1.0 does"
        );
        assert_eq!(store.get(Column::Meta, b"seven").unwrap(), None, "a store that is refused is not changed");
    }

    /// Whatever is there, even where it is the only record: nothing is written over it.
    #[test]
    fn a_store_that_lost_its_format_is_not_an_empty_one() {
        assert_eq!(check(&Memory::new(), MIGRATIONS), Ok(None));
        for column in Column::iter() {
            let store = Memory::new();
            let mut batch = Batch::default();
            batch.put(column, Bytes::from_static(b"a"), Bytes::from_static(b"b"));
            store.commit(batch, Durability::Synced).unwrap();
            let whole = store.dump();
            for error in [check(&store, MIGRATIONS).unwrap_err(), bring_up(&store, MIGRATIONS).unwrap_err()] {
                assert!(error.to_string().contains("record `format` of the data folder is missing"), "{error}");
            }
            assert!(store.dump() == whole);
        }
    }

    #[test]
    fn steps_run_one_after_another() {
        let store = with_format(7, None);
        assert_eq!(bring_to(&store, STEPS, 9), Ok(Some(9)));
        assert_eq!(meta::format(&store), Ok(Some(9)));
        assert_eq!(store.get(Column::Meta, b"eight").unwrap(), Some(Bytes::from_static(b"done")));
        assert_eq!(bring_to(&Memory::new(), STEPS, 9), Ok(None));
    }
}
