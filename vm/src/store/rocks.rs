//! The store over RocksDB: a column family a column, one write batch a commit.

use crate::backup;
use crate::folder::holder::{self, Shared};
use crate::metrics::Columns;
use alloy_primitives::Bytes;
use pars_chain::store::{Batch, Checkpoint, Column, Durability, Read, Scan, Store, StoreError};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, Direction, ErrorKind,
    InfoLogger, IteratorMode, LogLevel, Options, ReadOptions, SliceTransform, SnapshotWithThreadMode, WriteBatch,
    WriteOptions,
    properties::{self, PropName},
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use strum::IntoEnumIterator;

/// A store on disk. Cloning shares it.
#[derive(Clone)]
pub struct Rocks {
    inner: Arc<Inner>,
}

struct Inner {
    db: DB,
    folder: PathBuf,
    /// Where the store is only read: keeps those who write away. Dropped after the database.
    _shared: Option<Shared>,
}

/// Memory for blocks of all columns, bytes.
const CACHE_BYTES: usize = 256 << 20;
/// Bytes of an index or data block.
const BLOCK_BYTES: usize = 16 << 10;
/// Bits of a Bloom filter for each key: one look-up in a hundred goes in vain.
const BLOOM_BITS: f64 = 10.0;
/// Bytes of writes to all columns that are kept in memory before they become files. The write-ahead log is about as long.
const WRITE_BUFFER_BYTES: usize = 32 << 20;
/// Bytes of its own log, `LOG`, before it begins another one; the one before is kept. Without it the log of a run grows for
/// as long as the run.
const LOG_BYTES_MAX: usize = 16 << 20;
/// Files that the store holds open. Hosts run with limits from 4,096 up.
const OPEN_FILES_MAX: i32 = 1_024;

impl Rocks {
    /// Opens a store, or makes one in a folder that is not there or empty.
    ///
    /// # Errors
    /// When another process holds it, it is a backup, or the disk or its contents are bad.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        check_whole(folder)?;
        check_no_backup(folder)?;
        columns_of(folder)?;
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_max_open_files(OPEN_FILES_MAX);
        options.set_max_background_jobs(2);
        options.set_keep_log_file_num(2);
        options.set_max_log_file_size(LOG_BYTES_MAX);
        options.set_bytes_per_sync(1 << 20);
        // All columns become files at the same point. So what a lost end of the write-ahead log leaves is one state of all
        // of them, and none keeps the log of all others alive because it grows slowly.
        options.set_atomic_flush(true);
        options.set_db_write_buffer_size(WRITE_BUFFER_BYTES);
        let folder = folder.to_owned();
        let opened = DB::open_cf_descriptors(&options, &folder, descriptors());
        let db = opened.map_err(|error| translate(&error, &folder))?;
        warn_of_dropped(&folder);
        Ok(Self { inner: Arc::new(Inner { db, folder, _shared: None }) })
    }

    /// Opens a store only to read it. Nothing in its folder is written, so it may be a backup, or on a file system that is
    /// mounted read-only.
    ///
    /// # Errors
    /// When another process writes it, it is none of ours, or the disk or its contents are bad.
    pub fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        check_whole(folder)?;
        // Nothing of another program is locked, or written. Only under the lock do the columns stay as they are.
        columns_of(folder)?;
        let shared = Shared::take(folder)?;
        if let Some(columns) = columns_of(folder)?
            && let Some(missing) = Column::iter().find(|column| !columns.iter().any(|name| name == column.name()))
        {
            // Only opening it for writing makes the rest.
            return Err(StoreError::Io(format!(
                "{} lacks the column {}: it was not made to its end, or by an older release; run the command again that was \
                 to make it, or start the node on it once",
                folder.display(),
                missing.name()
            )));
        }
        let mut options = Options::default();
        options.set_max_open_files(OPEN_FILES_MAX);
        // RocksDB keeps no log of its own then, and what it leaves out is said all the same.
        let place = folder.to_owned();
        options.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Info, move |_, line| {
            warn_if_dropped(line, &place);
        }));
        let folder = folder.to_owned();
        let opened = DB::open_cf_descriptors_read_only(&options, &folder, descriptors(), false);
        let db = opened.map_err(|error| translate(&error, &folder))?;
        Ok(Self { inner: Arc::new(Inner { db, folder, _shared: Some(shared) }) })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// A copy of the whole store in a folder that is not there yet, made while the store is read and written. Tables are
    /// not copied but linked where the file system can.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |error| translate(&error, to);
        let checkpoint = rocksdb::checkpoint::Checkpoint::new(&self.inner.db).map_err(failed)?;
        checkpoint.create_checkpoint(to).map_err(failed)
    }

    /// Bytes of a column's tables.
    ///
    /// # Errors
    /// When the store failed.
    pub fn disk_bytes(&self, column: Column) -> Result<u64, StoreError> {
        self.inner.measure(column, properties::TOTAL_SST_FILES_SIZE)
    }

    /// Gives room of removed records in these columns back to the disk. Everything written before is on the disk then.
    ///
    /// # Errors
    /// When the store failed.
    pub fn compact(&self, columns: &[Column]) -> Result<(), StoreError> {
        for column in columns {
            let family = self.inner.family(*column)?;
            self.inner.db.flush_cf(family).map_err(|error| translate(&error, &self.inner.folder))?;
            let mut options = rocksdb::CompactOptions::default();
            // Also the lowest level, where most of it lies.
            options.set_bottommost_level_compaction(rocksdb::BottommostLevelCompaction::Force);
            self.inner.db.compact_range_cf_opt(family, None::<&[u8]>, None::<&[u8]>, &options);
        }
        self.inner.db.flush_wal(true).map_err(|error| translate(&error, &self.inner.folder))
    }

    /// Tells how large it is, without keeping it open.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes(Arc::downgrade(&self.inner))
    }
}

/// Tells how large a store is for as long as somebody has it open.
pub struct Sizes(Weak<Inner>);

impl std::fmt::Debug for Sizes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sizes({})", self.0.strong_count())
    }
}

impl Columns for Sizes {
    fn bytes(&self) -> Vec<(&'static str, u64)> {
        let Some(inner) = self.0.upgrade() else { return Vec::new() };
        let bytes =
            |column: Column| inner.measure(column, properties::LIVE_SST_FILES_SIZE).map(|bytes| (column.name(), bytes));
        Column::iter().filter_map(|column| bytes(column).ok()).collect()
    }
}

/// RocksDB takes a folder without the file `CURRENT` for an empty one, makes a new store there and deletes what the old
/// one left. That file is older than the first log or table, so where those are it got lost.
fn check_whole(folder: &Path) -> Result<(), StoreError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let names: Vec<PathBuf> = entries.flatten().map(|entry| PathBuf::from(entry.file_name())).collect();
    let is_data = |name: &PathBuf| name.extension().is_some_and(|ending| ending == "sst" || ending == "log");
    if names.iter().any(is_data) && !names.iter().any(|name| name.as_os_str() == "CURRENT") {
        return Err(StoreError::Corrupt(format!("{}: the file CURRENT is missing", folder.display())));
    }
    Ok(())
}

/// Opening a store for writing makes other files of those that it has. A backup would not be what its manifest says any more,
/// whatever the opening was for.
fn check_no_backup(folder: &Path) -> Result<(), StoreError> {
    if !backup::is_one(folder) {
        return Ok(());
    }
    let place = folder.display();
    Err(StoreError::Io(format!(
        "{place} is a backup, which stays as it is: restore it first, by pars-vm restore --from {place} --data-dir FOLDER, and \
         use that folder; or, where it was copied by hand to be the chain's folder, remove {} from it",
        backup::MANIFEST
    )))
}

/// The columns of a store that is there. None where there is no store yet, or it cannot be told: opening says why then.
///
/// # Errors
/// Where it is another program's: RocksDB would open what LevelDB wrote, and change it.
fn columns_of(folder: &Path) -> Result<Option<Vec<String>>, StoreError> {
    if !folder.join("CURRENT").exists() {
        return Ok(None);
    }
    let has_data = has_data(folder);
    let foreign =
        || StoreError::Io(format!("{} holds no chain: the store in it is another program's", folder.display()));
    let is_ours = |name: &String| name == DEFAULT || Column::iter().any(|column| column.name() == name);
    let has_all = |names: &[String]| Column::iter().all(|column| names.iter().any(|name| name == column.name()));
    match DB::list_cf(&Options::default(), folder) {
        // The columns come after the store, so one whose making was interrupted may lack some. It has no data either.
        Ok(names) if names.iter().all(is_ours) && (has_all(&names) || !has_data) => Ok(Some(names)),
        Err(_) if has_data || holder::of(folder).is_some() => Ok(None),
        Ok(_) | Err(_) => Err(foreign()),
    }
}

/// The column that RocksDB makes in every store.
const DEFAULT: &str = "default";

/// Tables, or a log with something in it, of RocksDB or LevelDB.
fn has_data(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = PathBuf::from(entry.file_name());
        let is_data = name.extension().is_some_and(|ending| ["sst", "ldb", "log"].iter().any(|known| ending == *known));
        is_data && entry.metadata().is_ok_and(|about| about.len() > 0)
    })
}

/// After a crash or a fault of the disk the write-ahead log may end in something unreadable. What came before makes an
/// earlier head, whole; RocksDB says only in its own log what it left out.
fn warn_of_dropped(folder: &Path) {
    let log = std::fs::read(folder.join("LOG")).unwrap_or_default();
    for line in String::from_utf8_lossy(&log).lines() {
        warn_if_dropped(line, folder);
    }
}

/// A line of RocksDB's own log.
fn warn_if_dropped(line: &str, folder: &Path) {
    if line.contains(".log: dropping ") {
        let what = line.rsplit_once(&*folder.to_string_lossy()).map_or(line, |(_, what)| what);
        tracing::warn!(folder = %folder.display(), what, "the end of the write-ahead log cannot be read and is left out");
    }
}

/// Every column with its options.
fn descriptors() -> impl Iterator<Item = ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    Column::iter().map(move |column| ColumnFamilyDescriptor::new(column.name(), of_column(column, &cache)))
}

fn of_column(column: Column, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(BLOCK_BYTES);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(5);
    table.set_bloom_filter(BLOOM_BITS, false);
    let mut options = Options::default();
    if column == Column::Slots {
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(32));
    }
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options
}

impl std::fmt::Debug for Rocks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Rocks({})", self.inner.folder.display())
    }
}

impl Inner {
    fn family(&self, column: Column) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(column.name()).ok_or_else(|| StoreError::Io(format!("column {} is missing", column.name())))
    }

    /// What RocksDB counts for a column.
    fn measure(&self, column: Column, property: &PropName) -> Result<u64, StoreError> {
        let counted = self.db.property_int_value_cf(self.family(column)?, property);
        counted.map(Option::unwrap_or_default).map_err(|error| translate(&error, &self.folder))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is told in RocksDB's own words")]
fn translate(error: &rocksdb::Error, path: &Path) -> StoreError {
    let text = error.to_string();
    let folder = path.display().to_string();
    if text.contains("No space left") {
        return StoreError::DiskFull(folder);
    }
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt(format!("{folder}: {text}")),
        ErrorKind::IOError if text.contains(GONE) => StoreError::Corrupt(format!("{folder}: {text}")),
        ErrorKind::IOError if LOCKED.iter().any(|words| text.contains(words)) => locked(path),
        _ => StoreError::Io(format!("{folder}: {text}")),
    }
}

/// Another process has the store open.
pub(crate) fn locked(folder: &Path) -> StoreError {
    let holder = holder::of(folder).map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
    StoreError::Locked { folder: folder.display().to_string(), holder }
}

/// What the system says when a file that the store had written is not there.
const GONE: &str = "No such file or directory";

/// What RocksDB says when another process holds a store, or this one holds it already. Its errors name files, whose
/// paths may hold any single word.
const LOCKED: [&str; 2] = ["While lock file: ", "lock hold by current process"];

impl Read for Rocks {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = self.inner.db.get_cf(self.inner.family(column)?, key);
        found.map(|value| value.map(Bytes::from)).map_err(|error| translate(&error, &self.inner.folder))
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        let family = match self.inner.family(column) {
            Ok(family) => family,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let iterator =
            self.inner.db.iterator_cf_opt(family, total_order(), IteratorMode::From(from, Direction::Forward));
        Box::new(iterator.map(|item| item_of(item, &self.inner.folder)))
    }
}

impl Store for Rocks {
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        Ok(Arc::new(picture::Picture::new(Arc::clone(&self.inner))))
    }

    fn checkpoint(&self, name: &str) -> Result<Checkpoint, StoreError> {
        backup::take_beside(self, name)
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let mut writes = WriteBatch::default();
        for (column, key, value) in &batch.writes {
            let family = self.inner.family(*column)?;
            match value {
                Some(value) => writes.put_cf(family, key, value),
                None => writes.delete_cf(family, key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        self.inner.db.write_opt(writes, &options).map_err(|error| translate(&error, &self.inner.folder))
    }
}

fn total_order() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_total_order_seek(true);
    options
}

type Item = Result<(Box<[u8]>, Box<[u8]>), rocksdb::Error>;

fn item_of(item: Item, folder: &Path) -> Result<(Bytes, Bytes), StoreError> {
    item.map(|(key, value)| (Bytes::from(key), Bytes::from(value))).map_err(|error| translate(&error, folder))
}

mod picture {
    //! A snapshot that owns the database it is of.
    #![allow(unsafe_code, reason = "rocksdb's snapshot borrows its database; here one value owns both")]

    use super::{
        Arc, Bytes, Column, DB, Direction, Inner, IteratorMode, Read, Scan, SnapshotWithThreadMode, StoreError,
        item_of, total_order, translate,
    };
    use std::mem::ManuallyDrop;

    pub(super) struct Picture {
        /// Dropped before `inner`, by hand.
        snapshot: ManuallyDrop<SnapshotWithThreadMode<'static, DB>>,
        inner: Arc<Inner>,
    }

    impl Picture {
        pub(super) fn new(inner: Arc<Inner>) -> Self {
            // SAFETY: the reference is to `inner.db`, which lives behind an `Arc` and so does not move; this value
            // holds the `Arc` and drops the snapshot first, so the snapshot never outlives the database.
            let db: &'static DB = unsafe { &*std::ptr::from_ref(&inner.db) };
            Self { snapshot: ManuallyDrop::new(db.snapshot()), inner }
        }
    }

    impl Drop for Picture {
        fn drop(&mut self) {
            // SAFETY: this is the only place that drops it, and nothing uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.snapshot) }
        }
    }

    impl Read for Picture {
        fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
            let found = self.snapshot.get_cf(self.inner.family(column)?, key);
            found.map(|value| value.map(Bytes::from)).map_err(|error| translate(&error, &self.inner.folder))
        }

        fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
            let family = match self.inner.family(column) {
                Ok(family) => family,
                Err(error) => return Box::new(std::iter::once(Err(error))),
            };
            let mode = IteratorMode::From(from, Direction::Forward);
            let iterator = self.snapshot.iterator_cf_opt(family, total_order(), mode);
            Box::new(iterator.map(|item| item_of(item, &self.inner.folder)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn its_own_log_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        drop(Rocks::open(folder.path()).unwrap());
        let options = std::fs::read_dir(folder.path()).unwrap().flatten();
        let options = options.filter(|entry| entry.file_name().to_string_lossy().starts_with("OPTIONS-"));
        let text: String = options.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
        assert!(text.contains(&format!("max_log_file_size={LOG_BYTES_MAX}\n")), "{text}");
    }

    fn bytes_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    #[test]
    fn another_programs_store_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        for flushed in [false, true] {
            let mut options = Options::default();
            options.create_if_missing(true);
            let other = DB::open(&options, folder.path()).unwrap();
            other.put(b"key", b"value").unwrap();
            if flushed {
                other.flush().unwrap();
            }
            drop(other);
            let before = bytes_of(folder.path());
            for open in [Rocks::open, Rocks::open_read_only] {
                let error = open(folder.path()).unwrap_err().to_string();
                assert!(error.contains("the store in it is another program's"), "{error}");
            }
            assert!(before == bytes_of(folder.path()), "nothing of it is changed");
        }
    }

    /// One name in common makes it none of ours. It has all columns that a release of ours gave it, and no others.
    #[test]
    fn another_programs_columns_are_refused_and_stay() {
        let all = || Column::iter().map(|column| column.name());
        let with = |more: &'static str| all().chain([more]).collect();
        let without_last: Vec<_> = all().take(all().count() - 1).collect();
        let sets: [Vec<&str>; 5] =
            [vec!["blocks"], vec!["blocks", "their_own"], all().take(5).collect(), without_last, with("their_own")];
        for names in sets {
            let folder = tempfile::tempdir().unwrap();
            let mut options = Options::default();
            options.create_if_missing(true);
            options.create_missing_column_families(true);
            let other = DB::open_cf(&options, folder.path(), &names).unwrap();
            let family = other.cf_handle(names.first().unwrap()).unwrap();
            other.put_cf(family, b"key", b"value").unwrap();
            other.flush_cf(family).unwrap();
            drop(other);
            let before = bytes_of(folder.path());
            for open in [Rocks::open, Rocks::open_read_only] {
                let error = open(folder.path()).unwrap_err().to_string();
                assert!(error.contains("the store in it is another program's"), "{names:?}: {error}");
            }
            assert!(before == bytes_of(folder.path()), "nothing of it is changed");
        }
    }

    /// What is left where the making of a store was interrupted: some columns, in their order, and no data.
    #[test]
    fn a_store_that_lacks_its_last_columns_is_made_to_its_end() {
        for count in [1, 5, Column::iter().count() - 1] {
            let folder = tempfile::tempdir().unwrap();
            let mut options = Options::default();
            options.create_if_missing(true);
            options.create_missing_column_families(true);
            let names = Column::iter().map(|column| column.name()).take(count);
            drop(DB::open_cf(&options, folder.path(), names).unwrap());
            let error = Rocks::open_read_only(folder.path()).unwrap_err().to_string();
            assert!(error.contains("run the command again that was to make it, or start the node"), "{error}");
            drop(Rocks::open(folder.path()).unwrap());
            assert!(Rocks::open_read_only(folder.path()).is_ok());
        }
    }

    #[test]
    fn a_store_that_is_read_is_as_it_was_and_nobody_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Rocks::open(folder.path()).unwrap();
        let mut batch = Batch::default();
        batch.put(Column::Meta, b"key".to_vec(), b"value".to_vec());
        store.commit(batch.clone(), Durability::Synced).unwrap();
        drop(store);
        let before = bytes_of(folder.path());
        let (read, again) =
            (Rocks::open_read_only(folder.path()).unwrap(), Rocks::open_read_only(folder.path()).unwrap());
        for read in [&read, &again] {
            assert_eq!(read.get(Column::Meta, b"key").unwrap().unwrap().as_ref(), b"value");
            assert_eq!(read.snapshot().unwrap().scan(Column::Meta, &[]).count(), 1);
        }
        assert!(read.commit(batch, Durability::Synced).is_err());
        drop((read, again));
        assert!(before == bytes_of(folder.path()), "nothing of it is changed");
    }

    #[test]
    fn a_store_that_was_not_made_to_its_end_is_only_made_by_who_writes() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::default();
        options.create_if_missing(true);
        drop(DB::open(&options, folder.path()).unwrap());
        let error = Rocks::open_read_only(folder.path()).unwrap_err().to_string();
        assert!(error.contains("lacks the column"), "{error}");
        assert!(Rocks::open(folder.path()).is_ok());
        assert!(Rocks::open_read_only(folder.path()).is_ok());
    }
}
