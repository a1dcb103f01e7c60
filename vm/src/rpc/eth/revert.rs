//! What a contract said when it reverted.

use crate::rpc::error::RpcError;
use alloy_primitives::{Bytes, U256};

/// The error of a reverted call. With data it has code 3, which clients decode; without, the code of any failed call.
pub(crate) fn error(data: Bytes) -> RpcError {
    const TEXT: &str = "execution reverted";
    if data.is_empty() {
        return RpcError::server(TEXT);
    }
    let message = reason(&data).map_or_else(|| TEXT.to_owned(), |reason| format!("{TEXT}: {reason}"));
    RpcError { code: REVERTED, message, data: Some(data) }
}

const REVERTED: i32 = 3;

/// `Error(string)`.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// The text of the two errors that Solidity itself raises.
fn reason(data: &[u8]) -> Option<String> {
    let (selector, arguments) = data.split_first_chunk::<4>()?;
    match *selector {
        ERROR => string(arguments).map(|text| String::from_utf8_lossy(text).into_owned()),
        PANIC => {
            let code = word(arguments, 0)?;
            Some(panic(code).map_or_else(|| format!("unknown panic code: {code:#x}"), ToOwned::to_owned))
        }
        _ => None,
    }
}

fn string(arguments: &[u8]) -> Option<&[u8]> {
    let offset = usize::try_from(word(arguments, 0)?).ok()?;
    let length = usize::try_from(word(arguments, offset)?).ok()?;
    let start = offset.checked_add(32)?;
    arguments.get(start..start.checked_add(length)?)
}

fn word(bytes: &[u8], at: usize) -> Option<U256> {
    bytes.get(at..at.checked_add(32)?).map(U256::from_be_slice)
}

/// Solidity's panic codes.
fn panic(code: U256) -> Option<&'static str> {
    Some(match u8::try_from(code).ok()? {
        0x00 => "generic panic",
        0x01 => "assert(false)",
        0x11 => "arithmetic underflow or overflow",
        0x12 => "division or modulo by zero",
        0x21 => "enum overflow",
        0x22 => "invalid encoded storage byte array accessed",
        0x31 => "out-of-bounds array access; popping on an empty array",
        0x32 => "out-of-bounds access of an array or bytesN",
        0x41 => "out of memory",
        0x51 => "uninitialized function",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn words_of_solidity() {
        let words =
            [U256::from(32), U256::from(4), U256::from_be_slice(b"nope") << 224].map(|word| word.to_be_bytes::<32>());
        let nope = [&ERROR[..], &words.concat()].concat();
        let overflow = hex!("4e487b710000000000000000000000000000000000000000000000000000000000000011");
        let unknown = hex!("4e487b710000000000000000000000000000000000000000000000000000000000000099");
        for (data, code, message) in [
            (&nope[..], 3, "execution reverted: nope"),
            (&overflow, 3, "execution reverted: arithmetic underflow or overflow"),
            (&unknown, 3, "execution reverted: unknown panic code: 0x99"),
            (&[0x12], 3, "execution reverted"),
            (&nope[..70], 3, "execution reverted"),
            (&[], -32_000, "execution reverted"),
        ] {
            let error = error(Bytes::copy_from_slice(data));
            assert_eq!((error.code, error.message.as_str()), (code, message));
            assert_eq!(error.data.unwrap_or_default().as_ref(), data);
        }
    }
}
