//! What is measured of an operation: its own input, a larger one, and the same with something in them that is not as it
//! should be.

use crate::calling::{Argument, Setting, call};
use crate::clock::{Work, spent_ns};
use crate::operations::{Form, Operation, operations, parameters};
use pars_precompiles::registry::Entry;
use std::hint::black_box;

/// Inputs of one price.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) row: &'static Entry,
    pub(crate) gas: u64,
    /// Has the answer that is asked for.
    pub(crate) accepted: Option<Vec<u8>>,
    /// Have not, and are paid as if they had.
    pub(crate) refused: Vec<Vec<u8>>,
}

impl Case {
    /// The accepted input, and of the refused ones that which takes longest.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &[u8]> {
        let slowest = self.refused.iter().max_by_key(|input| spent_ns(&mut self.call(input), SAMPLE));
        self.accepted.iter().chain(slowest).map(Vec::as_slice)
    }

    /// A call of the row.
    pub(crate) fn call<'a>(&self, input: &'a [u8]) -> Work<'a> {
        let row = self.row;
        Box::new(move || drop(black_box(call(row, Setting::at(row.at), black_box(input)))))
    }
}

/// Calls by which the slowest is found.
const SAMPLE: u64 = 3;

/// Added to an argument. Where they are hashed before anybody looks at its length, that is dear.
const TOO_LONG_BYTES: usize = 1 << 19;

/// All of them, larger ones with messages of so many bytes.
pub(crate) fn cases(message_bytes: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for operation in operations() {
        let own = case(&operation, "", &operation.form);
        assert_eq!(own.gas, operation.price, "{}", own.name);
        all.push(own);
        all.extend(longer(&operation, message_bytes).map(|form| with_long_message(&operation, &form)));
        all.extend(more(&operation).map(|form| case(&operation, ", many", &form)));
    }
    all
}

/// With a message that nobody signed, unless it is there to be signed.
fn with_long_message(operation: &Operation, form: &Form) -> Case {
    let (row, input) = (operation.row, form.input());
    let (ended, gas) = call(row, Setting::at(row.at), &input);
    let is_answer = ended.is_ok_and(|answer| answer.iter().any(|byte| *byte != 0));
    let (accepted, refused) = if is_answer { (Some(input), Vec::new()) } else { (None, vec![input]) };
    Case { name: format!("{}, long message", operation.name), row, gas, accepted, refused }
}

/// Parameters that hold something again and again, and how often they hold what an operation's own input has: as many as
/// the row takes, and as a block pays for.
const MANY: [(&str, usize); 4] = [("items", 85), ("ballots", 16), ("signatures", 341), ("keysWithProofs", 41)];

/// The most signers that a call may name.
const SIGNERS: (&str, u64) = ("totalSigners", 1_024);

fn more(operation: &Operation) -> Option<Form> {
    let Form::Function(selector, arguments) = &operation.form else { return None };
    let (mut arguments, mut changed) = (arguments.clone(), false);
    for (argument, name) in arguments.iter_mut().zip(parameters(operation.row, *selector)) {
        let times = MANY.iter().find(|(many, _)| *many == name).map_or(1, |(_, times)| *times);
        match argument {
            Argument::Bytes(bytes) if times > 1 && !bytes.is_empty() => *bytes = bytes.repeat(times),
            Argument::List(members) if times > 1 => *members = vec![members.clone(); times].concat(),
            Argument::Number(number) if name == SIGNERS.0 && *number < SIGNERS.1 => *number = SIGNERS.1,
            Argument::Bytes(_) | Argument::List(_) | Argument::Number(_) | Argument::Word(_) => continue,
        }
        changed = true;
    }
    changed.then_some(Form::Function(*selector, arguments))
}

fn longer(operation: &Operation, message_bytes: usize) -> Option<Form> {
    match &operation.form {
        Form::Function(selector, arguments) => {
            let place = parameters(operation.row, *selector).iter().position(|name| *name == "message")?;
            let mut arguments = arguments.clone();
            *arguments.get_mut(place)? = Argument::Bytes(vec![0; message_bytes]);
            Some(Form::Function(*selector, arguments))
        }
        Form::Open(bytes) => Some(Form::Open([&bytes[..], &vec![0; message_bytes]].concat())),
        // They run what functions run.
        Form::Raw(_) => None,
    }
}

fn case(operation: &Operation, what: &str, form: &Form) -> Case {
    let (row, input) = (operation.row, form.input());
    let (ended, gas) = call(row, Setting::at(row.at), &input);
    let mut refused: Vec<Vec<u8>> = Vec::new();
    for other in bent(form) {
        let other = other.input();
        let (end, spent) = call(row, Setting::at(row.at), &other);
        // Another key has another secret, and is a key.
        if spent == gas && end != ended && !end.is_ok_and(|answer| answer.len() > 32) {
            refused.push(other);
        }
    }
    Case { name: format!("{}{what}", operation.name), row, gas, accepted: Some(input), refused }
}

/// The same with one argument that is another.
fn bent(form: &Form) -> Vec<Form> {
    match form {
        Form::Raw(bytes) => bent_bytes(bytes).into_iter().map(Form::Raw).collect(),
        Form::Open(bytes) => bent_bytes(bytes).into_iter().map(Form::Open).collect(),
        Form::Function(selector, arguments) => {
            let mut all = Vec::new();
            for (place, argument) in arguments.iter().enumerate() {
                for other in bent_argument(argument) {
                    let mut arguments = arguments.clone();
                    arguments[place] = other;
                    all.push(Form::Function(*selector, arguments));
                }
            }
            all
        }
    }
}

fn bent_argument(argument: &Argument) -> Vec<Argument> {
    match argument {
        Argument::Bytes(bytes) => bent_bytes(bytes).into_iter().map(Argument::Bytes).collect(),
        Argument::List(members) => {
            let Some((last, before)) = members.split_last() else { return Vec::new() };
            let with = |other| Argument::List([before, &[other]].concat());
            bent_bytes(last).into_iter().map(with).collect()
        }
        Argument::Number(_) | Argument::Word(_) => Vec::new(),
    }
}

/// The first and the last bit turned over, inside what is too large for any coefficient, and far more of them than the
/// price counts.
fn bent_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let [mut first, mut last] = [(); 2].map(|()| bytes.to_vec());
    first.first_mut().into_iter().for_each(|byte| *byte ^= 0x80);
    last.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    let inside = [3, 2].map(|part| {
        let mut other = bytes.to_vec();
        other.iter_mut().skip(bytes.len() / part).take(3).for_each(|byte| *byte = u8::MAX);
        other
    });
    let longer = [bytes, &vec![0; TOO_LONG_BYTES]].concat();
    let mut all = [vec![first, last], inside.to_vec(), vec![longer]].concat();
    all.retain(|other| other != bytes);
    all
}
