//! Calls of one row that only computes, made of good ones: an input names an operation, how it is called, and what of its
//! calldata is changed. So a few bytes make the calls that nobody finds by chance in 50,000.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | operation of the row |
//! | 1 | address: the canonical one, or an alias |
//! | 1 | from bit 0: static call, rows of other keys are off, secrets are off, an operation of any row |
//! | 5 each | edit: what, where in two bytes, and a number in two bytes |

use crate::calling::{Argument, Outcome, Setting, call, encoded};
use crate::operations::{Form, Operation, operations};
use pars_precompiles::interface::Function;
use pars_precompiles::port::Rows;
use pars_precompiles::registry::{Entry, TABLE, rows_of};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// One call.
#[derive(Debug)]
pub struct Case {
    head: Head,
    input: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    address: usize,
    read_only: bool,
    others_off: bool,
    secrets_off: bool,
}

impl Case {
    /// The call as it is described.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::of(bytes, Operation::input)
    }

    /// The same with bytes that no verification goes far with.
    pub fn read_hollow(bytes: &[u8]) -> Option<Self> {
        Self::of(bytes, hollow)
    }

    fn of(bytes: &[u8], input: fn(&Operation) -> Vec<u8>) -> Option<Self> {
        let (&[operation, address, flags], edits) = bytes.split_first_chunk()?;
        let flag = |bit: u8| flags & (1 << bit) != 0;
        let from = if flag(3) { &CALLS.all } else { &CALLS.own };
        let operation = from[usize::from(operation) % from.len()];
        let mut input = input(operation);
        for edit in edits.as_chunks::<5>().0 {
            change(&mut input, *edit);
        }
        let head = Head { address: address.into(), read_only: flag(0), others_off: flag(1), secrets_off: flag(2) };
        Some(Self { head, input })
    }

    /// Makes the call with so much gas.
    pub fn call(&self, gas: u64) -> Outcome {
        let Head { address, read_only, others_off, secrets_off } = self.head;
        let addresses = 1 + ROW.also.len();
        let at = match address % addresses {
            0 => ROW.at,
            alias => ROW.also[alias - 1],
        };
        let rows = if others_off { rows_of(ROW.config_key).collect() } else { Rows::all() };
        let secrets = if secrets_off { Rows::default() } else { Rows::all() };
        call(&ROW, Setting { at, gas, read_only, rows, secrets }, &self.input)
    }

    /// The same call from a static context, or from none.
    pub fn with_other_context(mut self) -> Self {
        self.head.read_only = !self.head.read_only;
        self
    }

    /// Calldata.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// The function of the row that is called.
    pub fn function(&self) -> Option<&'static Function> {
        let functions = ROW.interface.iter().flat_map(|part| part.functions);
        functions.into_iter().find(|function| self.input.starts_with(&function.selector))
    }

    /// The row has functions.
    pub fn has_functions() -> bool {
        !ROW.interface.is_empty()
    }

    /// Whether a good call of the same function, or of the row's raw bytes, has an answer of this size.
    pub fn has_size(&self, answer: &[u8]) -> bool {
        let of_function = self.input.first_chunk().filter(|_| Self::has_functions());
        let sizes = of_function.and_then(|selector| CALLS.sizes.get(selector));
        [Some(&CALLS.raw_sizes), sizes].into_iter().flatten().any(|sizes| sizes.contains(&answer.len()))
    }
}

/// With 0xff in place of keys, messages and signatures, which are no numbers then. Hashes are none anyway, so of several
/// arguments the longest, which is the signature, lacks a byte.
fn hollow(operation: &Operation) -> Vec<u8> {
    let fill = |bytes: &Vec<u8>| vec![0xff; bytes.len()];
    match &operation.form {
        Form::Function(selector, arguments) => {
            let mut arguments: Vec<Argument> = arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Bytes(bytes) => Argument::Bytes(fill(bytes)),
                    Argument::List(members) => Argument::List(members.iter().map(fill).collect()),
                    Argument::Number(_) | Argument::Word(_) => argument.clone(),
                })
                .collect();
            let bytes = arguments.iter_mut().filter_map(|argument| match argument {
                Argument::Bytes(bytes) => Some(bytes),
                Argument::Number(_) | Argument::Word(_) | Argument::List(_) => None,
            });
            let mut bytes: Vec<&mut Vec<u8>> = bytes.collect();
            bytes.sort_by_key(|bytes| bytes.len());
            if let [.., _, longest] = &mut bytes[..] {
                longest.pop();
            }
            encoded(*selector, &arguments)
        }
        // Where its lengths are is the row's affair: `row_framing` lets no such call come to a verification.
        Form::Raw(bytes) => bytes.clone(),
        Form::Open(bytes) => fill(bytes),
    }
}

/// Names of the edits, in the order of their numbers.
pub const EDITS: [&str; 8] = ["bit", "byte", "number", "high-bit", "overlap", "cut", "grow", "remove"];

fn change(bytes: &mut Vec<u8>, [what, p0, p1, n0, n1]: [u8; 5]) {
    let (place, number) = (usize::from(u16::from_be_bytes([p0, p1])), u16::from_be_bytes([n0, n1]));
    let low = n1;
    let (length, number_bytes) = (bytes.len(), usize::from(number));
    if length == 0 {
        return;
    }
    // Words count from behind the selector.
    let words = length.saturating_sub(4) / 32;
    let word = |place: usize| words.checked_sub(1).map(|_| 4 + place % words * 32);
    match usize::from(what) % EDITS.len() {
        0 => bytes[place % length] ^= 1 << (low % 8),
        1 => bytes[place % length] = low,
        2 => {
            if let Some(at) = word(place) {
                bytes[at..at + 32].fill(0);
                bytes[at + 30..at + 32].copy_from_slice(&number.to_be_bytes());
            }
        }
        3 => {
            if let Some(at) = word(place) {
                bytes[at + usize::from(low) / 8] |= 0x80 >> (low % 8);
            }
        }
        4 => {
            if let Some((from, to)) = word(place).zip(word(number_bytes)) {
                bytes.copy_within(from..from + 32, to);
            }
        }
        5 => bytes.truncate(length.saturating_sub(number_bytes)),
        6 => bytes.resize(length + number_bytes % 1_024, low),
        _ => {
            let start = place % length;
            bytes.drain(start..length.min(start + number_bytes % 64));
        }
    }
}

/// The row that the variable `PARS_FUZZ_ROW` names.
static ROW: LazyLock<&'static Entry> = LazyLock::new(|| {
    let name = std::env::var("PARS_FUZZ_ROW").expect("PARS_FUZZ_ROW is the name of a row; scripts/fuzz sets it");
    TABLE.iter().find(|entry| entry.pure && entry.name == name).unwrap_or_else(|| panic!("no row {name}"))
});

static ALL: LazyLock<Vec<Operation>> = LazyLock::new(operations);

/// What is known of good calls.
struct Calls {
    own: Vec<&'static Operation>,
    all: Vec<&'static Operation>,
    /// By selector: public functions of one name and arguments answer alike in every row.
    sizes: BTreeMap<[u8; 4], BTreeSet<usize>>,
    /// Of the row's raw bytes.
    raw_sizes: BTreeSet<usize>,
}

static CALLS: LazyLock<Calls> = LazyLock::new(|| {
    let all: Vec<&Operation> = ALL.iter().collect();
    let own: Vec<&Operation> = ALL.iter().filter(|operation| operation.row.at == ROW.at).collect();
    let mut sizes: BTreeMap<[u8; 4], BTreeSet<usize>> = BTreeMap::new();
    for operation in &all {
        if let Form::Function(selector, _) = &operation.form {
            sizes.entry(*selector).or_default().insert(operation.answer.len());
        }
    }
    let raw = own.iter().filter(|operation| !matches!(operation.form, Form::Function(..)));
    let raw_sizes = raw.map(|operation| operation.answer.len()).collect();
    Calls { own, all, sizes, raw_sizes }
});

/// Seeds of a row: its first operation as it is, and one for each edit.
pub fn seeds(row: &Entry) -> Vec<(&'static str, Vec<u8>)> {
    let count = ALL.iter().filter(|operation| operation.row.at == row.at).count();
    let edits = EDITS.iter().zip(0_u8..).map(|(name, what)| {
        let operation = u8::try_from(usize::from(what) % count).expect("below a number of 8 bits");
        (*name, vec![operation, what, 0, what, 0, 1, 0, 1])
    });
    [("whole", vec![0; 3])].into_iter().chain(edits).collect()
}

/// A good call of each function, and of raw bytes: name of the row, what is called, calldata.
pub fn good_calls() -> impl Iterator<Item = (&'static str, String, Vec<u8>)> {
    ALL.iter().map(|operation| {
        let what = match &operation.form {
            Form::Function(selector, _) => {
                let mut functions = operation.row.interface.iter().flat_map(|part| part.functions);
                let declared = functions.find(|function| function.selector == *selector).expect("of the row").solidity;
                let name = declared.trim_start_matches("function ").split('(').next().unwrap_or_default();
                format!("{name}-{:08x}", u32::from_be_bytes(*selector))
            }
            Form::Raw(_) => "raw".to_owned(),
            Form::Open(_) => "open".to_owned(),
        };
        (operation.row.name, what, operation.input())
    })
}
