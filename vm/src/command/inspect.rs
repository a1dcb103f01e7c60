//! `pars-vm inspect`: what a stopped folder holds, and what `prune` would free.

use crate::command::Inspect;
use crate::command::progress::bytes;
use crate::command::prune::COLUMNS;
use crate::folder::stored::Stored;
use crate::folder::{Folder, disk_bytes};
use anyhow::Result;
use pars_chain::state::meta;
use pars_chain::state::prune::{Plan, Weight};
use pars_chain::store::{Column, Read};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;
use strum::IntoEnumIterator;

/// Prints a table, or JSON.
///
/// # Errors
/// When the folder cannot be opened or read.
pub fn run(options: &Inspect) -> Result<ExitCode> {
    let folder = Folder::measure(&options.data_dir)?;
    let about = About::of(&folder, options.window)?;
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{}", about.json())?;
    } else {
        write!(out, "{}", about.text())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is in a folder.
struct About {
    place: String,
    format: u32,
    head: meta::Head,
    oldest: u64,
    genesis: String,
    network_id: Option<u32>,
    disk_bytes: u64,
    columns: Vec<(Column, Weight, u64)>,
    window: u64,
    plan: Plan,
    free: Weight,
    /// Bytes on the disk of what would be freed, from the share that it has of its columns.
    free_disk_bytes: u64,
}

impl About {
    fn of(folder: &Folder, window: u64) -> Result<Self> {
        let read = folder.snapshot()?;
        let read: &dyn Read = read.as_ref();
        let mut columns = Vec::new();
        for column in Column::iter() {
            columns.push((column, Weight::of(read, column)?, folder.store.disk_bytes(column)?));
        }
        let plan = Plan::of(read, window)?;
        let free = plan.weight(read)?;
        let history = columns.iter().filter(|(column, ..)| COLUMNS.contains(column));
        let (held, disk) = history.fold((0_u64, 0_u64), |(held, disk), (_, weight, on_disk)| {
            (held.saturating_add(weight.bytes), disk.saturating_add(*on_disk))
        });
        let share = u128::from(disk) * u128::from(free.bytes) / u128::from(held.max(1));
        let genesis = read.get(Column::Ids, &0_u64.to_be_bytes())?.unwrap_or_default();
        Ok(Self {
            place: folder.path.display().to_string(),
            format: meta::format(read)?.unwrap_or_default(),
            head: meta::head(read)?,
            oldest: meta::oldest(read)?,
            genesis: genesis.to_string(),
            network_id: Stored::read(read).ok().map(|stored| stored.place.network_id),
            disk_bytes: disk_bytes(&folder.path)?,
            columns,
            window,
            plan,
            free,
            free_disk_bytes: u64::try_from(share).unwrap_or(u64::MAX),
        })
    }

    fn json(&self) -> Value {
        let columns: serde_json::Map<String, Value> = self
            .columns
            .iter()
            .map(|(column, weight, disk)| {
                let value = json!({ "records": weight.records, "bytes": weight.bytes, "diskBytes": disk });
                (column.name().to_owned(), value)
            })
            .collect();
        json!({
            "folder": self.place, "format": self.format, "genesis": self.genesis, "networkId": self.network_id,
            "head": { "height": self.head.height, "id": self.head.id.to_string() }, "oldestState": self.oldest,
            "diskBytes": self.disk_bytes, "columns": columns,
            "prune": {
                "window": self.window, "blocks": self.plan.blocks(), "records": self.free.records, "bytes": self.free.bytes,
                "diskBytes": self.free_disk_bytes,
            },
        })
    }

    fn text(&self) -> String {
        let mut out = format!(
            "folder        {}\nformat        {}\ngenesis       {}\nhead          {} {}\noldest state  {}\non the disk   {}\n\n",
            self.place,
            self.format,
            self.genesis,
            self.head.height,
            self.head.id,
            self.oldest,
            bytes(self.disk_bytes)
        );
        out += &format!("{:<14}{:>12}{:>12}{:>12}\n", "column", "records", "bytes", "on disk");
        for (column, weight, disk) in &self.columns {
            let (name, size, disk) = (column.name(), bytes(weight.bytes), bytes(*disk));
            out += &format!("{name:<14}{:>12}{size:>12}{disk:>12}\n", weight.records);
        }
        match self.plan.blocks() {
            0 => out + &format!("\nprune --window {} would free nothing\n", self.window),
            blocks => {
                out + &format!(
                    "\nprune --window {} would free the history of {blocks} blocks: {} records, {} bytes, about {} on the \
                     disk\n",
                    self.window,
                    self.free.records,
                    self.free.bytes,
                    bytes(self.free_disk_bytes)
                )
            }
        }
    }
}
