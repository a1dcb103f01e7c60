//! What Solidity's own decoder reads, written once more: numbers have all their 256 bits here, and nothing is shared with
//! the rows.

use alloy_primitives::U256;

/// Types of a function's parameters, as it is declared.
pub fn parameters(declared: &str) -> Vec<&str> {
    let list = declared.split(['(', ')']).nth(1).unwrap_or_default();
    list.split(", ").filter_map(|parameter| parameter.split(' ').next()).filter(|kind| !kind.is_empty()).collect()
}

/// Whether calldata behind the selector holds arguments of these types. Arguments may overlap, padding may be missing or
/// hold anything, and bytes behind them do not count.
///
/// # Panics
/// At a type that no row has.
pub fn decodes(types: &[&str], data: &[u8]) -> bool {
    types.iter().enumerate().all(|(place, kind)| {
        let Some(head) = word(data, U256::from(32 * place)) else { return false };
        match *kind {
            "bytes32" => true,
            "uint8" => head < U256::from(1 << 8),
            "uint32" => head < U256::from(1_u64 << 32),
            "bytes" => holds_bytes(data, head),
            "bytes[]" => holds_list(data, head),
            other => panic!("no such type here: {other}"),
        }
    })
}

fn holds_bytes(data: &[u8], start: U256) -> bool {
    let Some(size) = word(data, start) else { return false };
    let end = start.checked_add(U256::from(32)).and_then(|body| body.checked_add(size));
    end.is_some_and(|end| end <= U256::from(data.len()))
}

/// The number of members, and behind it where each begins, counted from there.
fn holds_list(data: &[u8], start: U256) -> bool {
    let Some(count) = word(data, start) else { return false };
    let Some(body) = usize::try_from(start).ok().and_then(|start| data.get(start + 32..)) else { return false };
    if count.checked_mul(U256::from(32)).is_none_or(|heads| heads > U256::from(body.len())) {
        return false;
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    (0..count).all(|place| word(body, U256::from(32 * place)).is_some_and(|start| holds_bytes(body, start)))
}

fn word(data: &[u8], start: U256) -> Option<U256> {
    let start = usize::try_from(start).ok()?;
    let word = data.get(start..start.checked_add(32)?)?;
    Some(U256::from_be_slice(word))
}
