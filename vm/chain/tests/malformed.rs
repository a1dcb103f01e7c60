//! Bytes that are no block or no transaction, and what is said about them.

use alloy_primitives::{Bytes, hex};
use alloy_rlp::Header as RlpHeader;
use pars_chain::block::{Block, Header};
use pars_chain::error::{DecodeError, Malformed};
use pars_chain::limits::BLOCK_BYTES_MAX;
use pars_chain::tx::Tx;

#[test]
fn blocks() {
    let good = Parts::good();
    let whole = good.block();
    assert_eq!(decode(&whole), "ok");
    let transaction = |bytes: &[u8]| Parts { transactions: list(&[&LEGACY, bytes]), ..Parts::good() }.block();
    let withdrawals = |items: &[&[u8]]| Parts { withdrawals: Some(list(items)), ..Parts::good() }.block();
    let withdrawal = |fields: &[&[u8]]| withdrawals(&[&list(fields)]);
    let account = string(&[0xaa; 20]);

    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        // The outermost list, and its length at every edge.
        ("nothing", vec![], "block: input too short"),
        ("one zero", vec![0], "block: unexpected string"),
        ("an empty string", vec![0x80], "block: unexpected string"),
        ("a string with a block in it", string(&whole), "block: unexpected string"),
        ("an empty list", vec![0xc0], "header: input too short"),
        ("a list of an empty list", hex!("c1c0").into(), "header: parentHash: input too short"),
        ("a long length for nothing", hex!("f800").into(), "block: leading zero"),
        ("a length of zeros", hex!("f90000").into(), "block: leading zero"),
        ("a long length that a short one could say", hex!("f801c0").into(), "block: non-canonical size"),
        ("a length that is cut", hex!("f9").into(), "block: input too short"),
        ("the largest length of four bytes", hex!("fbffffffff").into(), "block: input too short"),
        ("the largest length of all", hex!("ffffffffffffffffff").into(), "block: input too short"),
        ("a length one too large", relength(&whole, 1), "block: input too short"),
        ("a length one too small", relength(&whole, -1), "block: 1 bytes after the end"),
        ("a byte too few", whole[..whole.len() - 1].to_vec(), "block: input too short"),
        ("a byte too many", [&whole[..], &[0]].concat(), "block: 1 bytes after the end"),
        ("two blocks", [&whole[..], &whole].concat(), "block: 572 bytes after the end"),
        (
            "a byte more than is read",
            vec![0xf9; BLOCK_BYTES_MAX + 1],
            "block of 16777217 bytes, at most 16777216 are read",
        ),
        // The header.
        ("a string for a header", Parts { header: string(&[1]), ..Parts::good() }.block(), "header: unexpected string"),
        ("an empty header", header(|fields| fields.clear()), "header: parentHash: input too short"),
        ("a header of fourteen fields", header(|fields| fields.truncate(14)), "header: nonce: input too short"),
        ("a header of twenty-three fields", header(|fields| fields.push(vec![1])), "header: unexpected length"),
        ("a parent of 31 bytes", field(0, &string(&[1; 31])), "header: parentHash: unexpected length"),
        ("a parent of 33 bytes", field(0, &string(&[1; 33])), "header: parentHash: unexpected length"),
        ("a parent that is a list", field(0, &list(&[&[1; 32]])), "header: parentHash: unexpected list"),
        ("a coinbase of 19 bytes", field(2, &string(&[1; 19])), "header: miner: unexpected length"),
        ("a bloom of 255 bytes", field(6, &string(&[1; 255])), "header: logsBloom: unexpected length"),
        ("a difficulty with a leading zero", field(7, &hex!("820001")), "header: difficulty: leading zero"),
        ("a difficulty of 33 bytes", field(7, &string(&[1; 33])), "header: difficulty: overflow"),
        ("a number that is the byte zero", field(8, &hex!("00")), "header: number: leading zero"),
        ("a number in a string of one byte", field(8, &hex!("8101")), "header: number: non-canonical single byte"),
        ("a gas limit of nine bytes", field(9, &string(&[1; 9])), "header: gasLimit: overflow"),
        ("a time with a leading zero", field(11, &hex!("820001")), "header: timestamp: leading zero"),
        ("extra data that is a list", field(12, &hex!("c0")), "header: extraData: unexpected list"),
        ("extra data longer than the header", field(12, &hex!("bbffffffff")), "header: extraData: input too short"),
        ("a nonce of seven bytes", field(14, &string(&[0; 7])), "header: nonce: unexpected length"),
        ("a base fee of 33 bytes", field(15, &string(&[1; 33])), "header: baseFeePerGas: overflow"),
        (
            "a beacon root that is absent between others",
            field(19, &hex!("80")),
            "header: parentBeaconBlockRoot: unexpected length",
        ),
        ("milliseconds of nine bytes", field(20, &string(&[1; 9])), "header: timestampMilliseconds: overflow"),
        // The transactions.
        ("no transactions", list(&[&good.header]), "transactions: input too short"),
        (
            "a string for the transactions",
            Parts { transactions: string(&[1, 2]), ..Parts::good() }.block(),
            "transactions: unexpected string",
        ),
        ("a legacy transaction in a string", transaction(&string(&LEGACY)), "transaction 1: type 223 is not supported"),
        ("an empty string for a transaction", transaction(&hex!("80")), "transaction 1: type 0 is not supported"),
        (
            "a transaction of type 0",
            transaction(&string(&[&[0], &LEGACY[..]].concat())),
            "transaction 1: type 0 is not supported",
        ),
        ("a transaction of type 3 without content", transaction(&hex!("03")), "transaction 1: input too short"),
        ("a transaction of type 4", transaction(&string(&hex!("04c0"))), "transaction 1: type 4 is not supported"),
        ("a transaction of type 191", transaction(&string(&hex!("bfc0"))), "transaction 1: type 191 is not supported"),
        ("a transaction that is an empty list", transaction(&hex!("c0")), "transaction 1: input too short"),
        (
            "a byte behind a transaction",
            transaction(&string(&[&access_list(&[])[..], &[0]].concat())),
            "transaction 1: 1 bytes after the end",
        ),
        ("a transaction longer than its list", transaction(&hex!("b8ff02")), "transactions: input too short"),
        // The uncles.
        ("no uncles", list(&[&good.header, &good.transactions]), "uncles: input too short"),
        (
            "a string for the uncles",
            Parts { uncles: string(&[]), ..Parts::good() }.block(),
            "uncles: unexpected string",
        ),
        (
            "an uncle that is no header",
            Parts { uncles: list(&[&hex!("c0")]), ..Parts::good() }.block(),
            "uncle 0: header: parentHash: input too short",
        ),
        // The withdrawals, which the Go node reads and then ignores.
        (
            "a string for the withdrawals",
            Parts { withdrawals: Some(string(&[])), ..Parts::good() }.block(),
            "withdrawals: unexpected string",
        ),
        ("a withdrawal that is a string", withdrawals(&[&hex!("01")]), "withdrawals: unexpected string"),
        ("a withdrawal of three fields", withdrawal(&[&[1], &[2], &account]), "withdrawals: input too short"),
        (
            "a withdrawal of five fields",
            withdrawal(&[&[1], &[2], &account, &[4], &[5]]),
            "withdrawals: unexpected length",
        ),
        (
            "a withdrawal to 19 bytes",
            withdrawal(&[&[1], &[2], &string(&[1; 19]), &[4]]),
            "withdrawals: unexpected length",
        ),
        (
            "a withdrawal of more than 64 bits",
            withdrawal(&[&[1], &[2], &account, &string(&[1; 9])]),
            "withdrawals: overflow",
        ),
        (
            "something behind the withdrawals",
            list(&[&good.content(), &hex!("c0"), &hex!("c0")]),
            "block: 1 bytes after the end",
        ),
    ];
    check(table, decode);
}

#[test]
fn transactions() {
    let price = |bytes: &[u8]| legacy(&[&[9], bytes, &hex!("825208"), &TO, &[1], &hex!("80"), &hex!("1b"), &[1], &[2]]);
    let v = |bytes: &[u8]| legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), bytes, &[1], &[2]]);
    let fee = |tip: &[u8], cap: &[u8]| {
        let empty = hex!("c0");
        [&[2][..], &list(&[&[1], &[9], tip, cap, &[1], &TO, &[1], &hex!("80"), &empty, &hex!("80"), &[1], &[2]])]
            .concat()
    };
    let wide = string(&[0xff; 17]);

    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "transaction 0: input too short"),
        ("an empty list", hex!("c0").into(), "transaction 0: input too short"),
        ("type 0", [&[0], &LEGACY[..]].concat(), "transaction 0: type 0 is not supported"),
        ("type 1 and nothing", hex!("01").into(), "transaction 0: input too short"),
        ("type 2 and an empty list", hex!("02c0").into(), "transaction 0: input too short"),
        ("type 4", hex!("04c0").into(), "transaction 0: type 4 is not supported"),
        ("type 126, an L2's deposit", hex!("7ec0").into(), "transaction 0: type 126 is not supported"),
        ("type 127", hex!("7fc0").into(), "transaction 0: type 127 is not supported"),
        ("a string", string(&LEGACY), "transaction 0: type 160 is not supported"),
        ("a byte too few", LEGACY[..LEGACY.len() - 1].to_vec(), "transaction 0: input too short"),
        ("a byte too many", [&LEGACY[..], &[0]].concat(), "transaction 0: 1 bytes after the end"),
        (
            "a typed one with a byte too many",
            [&access_list(&[])[..], &[0]].concat(),
            "transaction 0: 1 bytes after the end",
        ),
        ("the largest length of all", hex!("ffffffffffffffffff").into(), "transaction 0: input too short"),
        (
            "eight fields",
            legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), &hex!("1b"), &[1]]),
            "transaction 0: input too short",
        ),
        (
            "ten fields",
            legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), &hex!("1b"), &[1], &[2], &[3]]),
            "transaction 0: unexpected list length (got 31, expected 32)",
        ),
        ("a nonce with a leading zero", legacy(&[&hex!("820009")]), "transaction 0: leading zero"),
        ("a nonce of nine bytes", legacy(&[&string(&[1; 9])]), "transaction 0: overflow"),
        (
            "a recipient of 19 bytes",
            legacy(&[&[9], &[1], &hex!("825208"), &string(&[1; 19])]),
            "transaction 0: unexpected length",
        ),
        (
            "a value of 33 bytes",
            legacy(&[&[9], &[1], &hex!("825208"), &TO, &string(&[1; 33])]),
            "transaction 0: overflow",
        ),
        (
            "calldata that is a list",
            legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("c0")]),
            "transaction 0: unexpected list",
        ),
        (
            "calldata beyond the end",
            legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("bbffffffff")]),
            "transaction 0: input too short",
        ),
        ("a legacy v of 0", v(&hex!("80")), "transaction 0: invalid parity value"),
        ("a legacy v of 1", v(&hex!("01")), "transaction 0: invalid parity value"),
        ("a legacy v of 26", v(&hex!("1a")), "transaction 0: invalid parity value"),
        ("a legacy v of 34", v(&hex!("22")), "transaction 0: invalid parity value"),
        ("a legacy v of a chain id beyond 64 bits", v(&string(&[0xff; 9])), "transaction 0: invalid parity value"),
        ("a y parity of 2", access_list_with(&[], &[2]), "transaction 0: invalid bool value, must be 0 or 1"),
        ("an access list that is a string", access_list_with_list(&hex!("80")), "transaction 0: unexpected string"),
        ("an access list of a string", access_list(&[&hex!("01")]), "transaction 0: unexpected string"),
        ("an access list tuple without keys", access_list(&[&list(&[&TO])]), "transaction 0: input too short"),
        (
            "an access list tuple to 19 bytes",
            access_list(&[&list(&[&string(&[1; 19]), &hex!("c0")])]),
            "transaction 0: unexpected length",
        ),
        (
            "an access list key of 31 bytes",
            access_list(&[&list(&[&TO, &list(&[&string(&[1; 31])])])]),
            "transaction 0: unexpected length",
        ),
        (
            "an access list tuple of three",
            access_list(&[&list(&[&TO, &hex!("c0"), &hex!("c0")])]),
            "transaction 0: unexpected list length (got 22, expected 23)",
        ),
        // Not wrong, but more than this program computes with.
        (
            "a gas price of 2^128",
            price(&string(&[&[1][..], &[0; 16]].concat())),
            "gasPrice 340282366920938463463374607431768211456 is 2^128 or more: this release cannot compute with it",
        ),
        ("a gas price of 33 bytes", price(&string(&[1; 33])), "transaction 0: overflow"),
        (
            "a gas price of 17 bytes with a leading zero",
            price(&string(&[&[0][..], &[1; 16]].concat())),
            "transaction 0: overflow",
        ),
        (
            "a wide tip",
            fee(&wide, &[1]),
            "maxPriorityFeePerGas 87112285931760246646623899502532662132735 is 2^128 or more: this release cannot compute with it",
        ),
        (
            "a wide fee cap",
            fee(&[1], &wide),
            "maxFeePerGas 87112285931760246646623899502532662132735 is 2^128 or more: this release cannot compute with it",
        ),
    ];
    check(table, |bytes| outcome(Tx::decode(bytes).map(drop)));
}

/// Values with a value that is just inside.
#[test]
fn edges_that_are_read() {
    let read = |bytes: &[u8]| outcome(Tx::decode(bytes).map(drop));
    assert_eq!(read(&LEGACY), "ok");
    assert_eq!(read(&access_list(&[&list(&[&TO, &list(&[&string(&[1; 32])])])])), "ok");
    let price = string(&[0xff; 16]);
    assert_eq!(read(&legacy(&[&[9], &price, &hex!("825208"), &TO, &[1], &hex!("80"), &hex!("1b"), &[1], &[2]])), "ok");
    let chain = &string(&hex!("020000000000000021"));
    assert_eq!(read(&legacy(&[&[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), chain, &[1], &[2]])), "ok");
    for withdrawals in [None, Some(list(&[]))] {
        assert_eq!(decode(&Parts { withdrawals, ..Parts::good() }.block()), "ok");
    }
    let uncle = Parts { uncles: list(&[&Parts::good().header]), ..Parts::good() };
    assert_eq!(Block::decode(uncle.block().into()).map(|block| block.uncles), Ok(1));
    let full = vec![0xf9; BLOCK_BYTES_MAX];
    assert!(!matches!(Block::decode(full.into()), Err(DecodeError::Malformed(Malformed::TooLong { .. }))));
}

/// Prints all that differ, not only the first.
fn check(table: Vec<(&str, Vec<u8>, &str)>, decode: impl Fn(&[u8]) -> String) {
    let wrong: Vec<String> = table
        .into_iter()
        .filter_map(|(what, bytes, expected)| {
            let got = decode(&bytes);
            (got != expected).then(|| format!("{what}: {got:?}, expected {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn decode(bytes: &[u8]) -> String {
    outcome(Block::decode(Bytes::copy_from_slice(bytes)).map(drop))
}

fn outcome(result: Result<(), DecodeError>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}

/// The encoded parts of a block.
struct Parts {
    header: Vec<u8>,
    transactions: Vec<u8>,
    uncles: Vec<u8>,
    withdrawals: Option<Vec<u8>>,
}

impl Parts {
    fn good() -> Self {
        let fields: Vec<Vec<u8>> = fields();
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        Self { header: list(&fields), transactions: list(&[&LEGACY]), uncles: list(&[]), withdrawals: None }
    }

    /// What stands inside the outermost list.
    fn content(&self) -> Vec<u8> {
        let withdrawals = self.withdrawals.as_deref().unwrap_or_default();
        [&self.header[..], &self.transactions, &self.uncles, withdrawals].concat()
    }

    fn block(&self) -> Vec<u8> {
        list(&[&self.content()])
    }
}

/// A block with another header.
fn header(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut fields = fields();
    change(&mut fields);
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    Parts { header: list(&fields), ..Parts::good() }.block()
}

/// A block with one field of the header replaced.
fn field(place: usize, encoded: &[u8]) -> Vec<u8> {
    header(|fields| fields[place] = encoded.to_vec())
}

/// All twenty-two fields of a header, encoded.
fn fields() -> Vec<Vec<u8>> {
    let header = Header {
        base_fee: Some(Default::default()),
        block_gas_cost: Some(Default::default()),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_root: Some(Default::default()),
        time_ms: Some(1),
        min_delay_excess: Some(1),
        ..Header::default()
    };
    let bytes = alloy_rlp::encode(&header);
    let mut rest = RlpHeader::decode_bytes(&mut bytes.as_slice(), true).expect("a list");
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let start = rest;
        RlpHeader::decode_bytes(&mut rest, false).expect("a string");
        fields.push(start[..start.len() - rest.len()].to_vec());
    }
    assert_eq!(fields.len(), 22);
    fields
}

/// The bytes of a list, with a length that is off by some.
fn relength(bytes: &[u8], by: i16) -> Vec<u8> {
    assert_eq!(bytes[0], 0xf9, "a length of two bytes");
    let length = u16::from_be_bytes([bytes[1], bytes[2]]).checked_add_signed(by).expect("in range");
    [&[0xf9][..], &length.to_be_bytes(), &bytes[3..]].concat()
}

fn legacy(fields: &[&[u8]]) -> Vec<u8> {
    list(fields)
}

/// A transaction of type 1.
fn access_list(tuples: &[&[u8]]) -> Vec<u8> {
    access_list_with(tuples, &hex!("80"))
}

fn access_list_with(tuples: &[&[u8]], parity: &[u8]) -> Vec<u8> {
    let fields = list(&[&[1], &[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), &list(tuples), parity, &[1], &[2]]);
    [&[1][..], &fields].concat()
}

fn access_list_with_list(tuples: &[u8]) -> Vec<u8> {
    let fields = list(&[&[1], &[9], &[1], &hex!("825208"), &TO, &[1], &hex!("80"), tuples, &hex!("80"), &[1], &[2]]);
    [&[1][..], &fields].concat()
}

fn list(items: &[&[u8]]) -> Vec<u8> {
    let content = items.concat();
    let mut out = Vec::new();
    RlpHeader { list: true, payload_length: content.len() }.encode(&mut out);
    [out, content].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    alloy_rlp::encode(bytes)
}

/// A recipient, encoded.
const TO: [u8; 21] = hex!("94aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

/// `[nonce, gasPrice, gas, to, value, input, v, r, s]`; the signature gives no address that anybody knows.
const LEGACY: [u8; 32] = hex!("df 09 01 825208 94aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 01 80 1b 01 02");
