//! What callers of a row see: its functions and events, one table for dispatch and for the generated Solidity.

use crate::abi::Arguments;
use crate::port::{Call, Halt, Stop};
use alloy_primitives::{B256, Bytes};

/// Functions and events that belong together. A row has one or more of these.
#[derive(Debug)]
pub struct Interface {
    /// Types that the declarations below use, as Solidity declares them.
    pub structs: &'static [&'static str],
    /// Functions.
    pub functions: &'static [Function],
    /// Events.
    pub events: &'static [Event],
}

/// One function.
#[derive(Debug)]
pub struct Function {
    /// First four bytes of calldata.
    pub selector: [u8; 4],
    /// As Solidity declares it, on one line without the semicolon.
    pub solidity: &'static str,
    /// What it does, for its callers.
    pub about: &'static str,
    /// Unknown before Durango.
    pub from_durango: bool,
    /// Charges its gas, then runs.
    pub run: for<'a> fn(&mut Call<'a>, Arguments<'a>) -> Result<Bytes, Stop>,
}

/// One event.
#[derive(Debug)]
pub struct Event {
    /// First topic.
    pub topic: B256,
    /// As Solidity declares it, on one line without the semicolon.
    pub solidity: &'static str,
    /// When it is emitted, for its readers.
    pub about: &'static str,
}

/// Runs the function that the selector of a call names.
///
/// # Errors
/// [`Halt::UnknownSelector`] for calldata that names none; otherwise what the function says.
pub fn dispatch(call: &mut Call<'_>, interface: &[&Interface]) -> Result<Bytes, Stop> {
    let (selector, arguments) = call.input.split_first_chunk().ok_or(Stop::Halt(Halt::UnknownSelector))?;
    let durango = call.facts.durango;
    let function = interface
        .iter()
        .flat_map(|part| part.functions)
        .find(|function| function.selector == *selector && (durango || !function.from_durango))
        .ok_or(Stop::Halt(Halt::UnknownSelector))?;
    (function.run)(call, Arguments::new(arguments))
}
