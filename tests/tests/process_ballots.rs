//! Ballots on a running chain: 64 of them in a call, as many in a transaction as fit one, what each costs, and that one
//! bad ballot is one bit.
#![expect(clippy::print_stdout, reason = "what a ballot costs is what these tests show")]

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use anyhow::{Context as _, Result, ensure};
use pars_crypto::mldsa::{self, Set};
use pars_genesis::presets;
use pars_precompiles::registry::{TABLE, rows_of};
use pars_tests::process::dev::Dev;
use pars_tests::process::rpc::{Client, number};
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use serde_json::{Value, json};

/// What voters sign with.
struct Level {
    set: Set,
    suite: u8,
    /// Price of a ballot, beside what a call costs.
    gas: u64,
    /// So many fit a transaction.
    fit: usize,
    /// What a vote shall cost with EIP-7623, within 15 %: pars.vote's goal.
    goal_gas: u64,
}

const LEVELS: [Level; 2] = [
    Level { set: Set::MlDsa65, suite: 0x65, gas: 8_000, fit: 24, goal_gas: 212_000 },
    Level { set: Set::MlDsa87, suite: 0x87, gas: 12_000, fit: 18, goal_gas: 290_000 },
];

/// In a call.
const MOST: usize = 64;
const CALL_GAS: u64 = 3_000;
const KEY: &str = "governanceConfig";
const DOMAIN: B256 = B256::repeat_byte(0x0d);
const BLOCK_GAS: u64 = 15_000_000;
/// Of EIP-7623: a byte costs at least ten of its tokens, of which a byte other than zero has four.
const FLOOR_GAS: u64 = 10;
const TRANSACTION_GAS: u64 = 21_000;

/// A contract that asks the row what it is asked, and returns and keeps the answer and the gas that it cost.
const TALLY: Address = address!("000000000000000000000000000000000000ba11");

fn tally_code() -> Vec<u8> {
    let row = [0x61, 0x0a, 0x01];
    [
        // CALLDATASIZE, PUSH0, PUSH0, CALLDATACOPY; GAS
        &hex!("36 5f 5f 37 5a")[..],
        // a word of output over the input: PUSH1 32, PUSH0, CALLDATASIZE, PUSH0
        &hex!("6020 5f 36 5f"),
        &row,
        // GAS, STATICCALL; GAS, SWAP1, PUSH1 23, JUMPI; PUSH0, PUSH0, REVERT
        &hex!("5a fa 5a 90 6017 57 5f 5f fd"),
        // JUMPDEST; SWAP1, SUB, PUSH1 32, MSTORE; PUSH0, MLOAD, PUSH0, SSTORE; PUSH1 32, MLOAD, PUSH1 1, SSTORE
        &hex!("5b 90 03 6020 52 5f 51 5f 55 6020 51 6001 55"),
        // PUSH1 64, PUSH0, RETURN
        &hex!("6040 5f f3"),
    ]
    .concat()
}

/// A cold account, and the seven instructions around the call that the contract measures with it.
const AROUND_GAS: u64 = 2_600 + 16;

fn genesis() -> Result<Vec<u8>> {
    let mut genesis: Value = serde_json::from_slice(&presets::local(1))?;
    let time = number(&genesis["timestamp"])?;
    genesis["config"][KEY] = json!({ "blockTimestamp": time });
    genesis["alloc"][TALLY.to_string()] = json!({ "balance": "0x0", "code": Bytes::from(tally_code()) });
    Ok(serde_json::to_vec(&genesis)?)
}

fn start(folder: &std::path::Path) -> Result<Dev> {
    let file = folder.join("genesis.json");
    std::fs::write(&file, genesis()?)?;
    Dev::start_with(None, &["--genesis", file.to_str().context("a path")?])
}

impl Level {
    /// Ballots of as many voters.
    fn ballots(&self, count: usize) -> Result<Vec<Vec<u8>>> {
        (0..count).map(|voter| self.ballot(u8::try_from(voter)?)).collect()
    }

    fn ballot(&self, voter: u8) -> Result<Vec<u8>> {
        let (keys, support) = (mldsa::key_pair(self.set, &[voter; 32]), voter % 3);
        let proposal = U256::from(7).to_be_bytes::<32>();
        let typehash = keccak256("Ballot(uint256 proposalId,uint8 support)");
        let ballot = keccak256([typehash.0, proposal, B256::with_last_byte(support).0].concat());
        let message = keccak256([&[0x19, 1], DOMAIN.as_slice(), ballot.as_slice()].concat());
        let signature = mldsa::sign(self.set, &keys.secret_key, message.as_slice(), b"pars/vote/v1");
        let signature = signature.context("a key signs")?;
        Ok([&[self.suite][..], &proposal, &[support], &keys.public_key, &signature].concat())
    }
}

/// `verifyBallots(bytes32 domain, bytes ballots)`.
fn input(ballots: &[Vec<u8>]) -> Bytes {
    let ballots = ballots.concat();
    let word = |number: usize| B256::from(U256::from(number));
    let mut input =
        [&hex!("af4371dd")[..], DOMAIN.as_slice(), word(64).as_slice(), word(ballots.len()).as_slice()].concat();
    input.extend_from_slice(&ballots);
    input.resize(input.len() + ballots.len().next_multiple_of(32) - ballots.len(), 0);
    input.into()
}

/// The lowest bits.
fn bits(count: usize) -> U256 {
    (U256::ONE << count) - U256::ONE
}

fn row() -> Result<Address> {
    let row = rows_of(KEY).next().context("a row")?;
    Ok(TABLE[row].at)
}

/// The words of an answer.
fn call(client: &mut Client, to: Address, input: &Bytes) -> Result<Vec<U256>> {
    let answer: Bytes =
        serde_json::from_value(client.call("eth_call", json!([{ "to": to, "input": input }, "latest"]))?)?;
    Ok(answer.chunks(32).map(U256::from_be_slice).collect())
}

fn slot(client: &mut Client, slot: u64) -> Result<U256> {
    let word = client.call("eth_getStorageAt", json!([TALLY, format!("{slot:#x}"), "latest"]))?;
    Ok(serde_json::from_value::<B256>(word)?.into())
}

/// What ballots cost as calldata: before EIP-7623, and at least with it.
struct Calldata {
    gas: u64,
    floor_gas: u64,
}

fn calldata(input: &Bytes) -> Result<Calldata> {
    let zeros = u64::try_from(input.iter().filter(|byte| **byte == 0).count())?;
    let others = u64::try_from(input.len())? - zeros;
    Ok(Calldata { gas: 4 * zeros + 16 * others, floor_gas: FLOOR_GAS * (zeros + 4 * others) })
}

/// A table of gas a ballot, now and with EIP-7623.
fn print_head() {
    println!(
        "{:<9} {:>7} {:<5} | {:>8} {:>9} {:>6} {:>8} {:>11} | {:>13} {:>7} {:>11}",
        "suite",
        "ballots",
        "how",
        "calldata",
        "verifying",
        "rest",
        "together",
        "a block has",
        "with EIP-7623",
        "goal",
        "a block has"
    );
}

fn print_line(level: &Level, ballots: usize, how: &str, calldata: &Calldata, used: u64) -> Result<()> {
    let count = u64::try_from(ballots)?;
    let verifying = CALL_GAS + count * level.gas;
    let rest = used - calldata.gas - verifying;
    let with_floor = used.max(TRANSACTION_GAS + calldata.floor_gas);
    let each = |gas: u64| gas.div_ceil(count);
    println!(
        "{:<9} {ballots:>7} {how:<5} | {:>8} {:>9} {:>6} {:>8} {:>11} | {:>13} {:>7} {:>11}",
        format!("{:?}", level.set),
        each(calldata.gas),
        each(verifying),
        each(rest),
        each(used),
        BLOCK_GAS / each(used),
        each(with_floor),
        level.goal_gas,
        BLOCK_GAS / each(with_floor),
    );
    ensure!(100 * each(with_floor) <= 115 * level.goal_gas, "{} of {}", each(with_floor), level.goal_gas);
    Ok(())
}

/// 64 ballots in a call, and each way in which one of them is bad, at each place.
#[test]
fn process_ballots_of_a_call() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = start(folder.path())?;
    let (mut client, at) = (dev.client()?, row()?);
    print_head();
    for level in &LEVELS {
        let ballots = level.ballots(MOST)?;
        let good = input(&ballots);
        assert_eq!(call(&mut client, at, &good)?, [bits(MOST)]);
        let verifying = CALL_GAS + u64::try_from(MOST)? * level.gas;
        let counted = U256::from(verifying + AROUND_GAS);
        assert_eq!(call(&mut client, TALLY, &good)?, [bits(MOST), counted]);
        // What it would use as a transaction, to the last unit.
        let calldata = calldata(&good)?;
        let used = TRANSACTION_GAS + calldata.gas + verifying;
        let with = |gas: u64| json!([{ "to": at, "input": good, "gas": format!("{gas:#x}") }, "latest"]);
        client.call("eth_call", with(used))?;
        let refusal = client.refusal("eth_call", with(used - 1))?;
        ensure!(refusal.message.contains("out of gas"), "{refusal:?}");
        print_line(level, MOST, "call", &calldata, used)?;

        for place in 0..MOST {
            let mut ballots = ballots.clone();
            let ballot = &mut ballots[place];
            let (key, end) = (34, ballot.len());
            // The proposal, the support, the key, the signature's beginning and end.
            let byte =
                [1 + place % 32, 33, key + place, key + level.set.public_key_bytes() + place, end - 1][place % 5];
            ballot[byte] ^= 1;
            let valid = call(&mut client, at, &input(&ballots))?;
            assert_eq!(valid, [bits(MOST) ^ (U256::ONE << place)], "ballot {place}, byte {byte}");
        }
        // One more is too many, whatever it is.
        let more = input(&[&ballots[..], &ballots[..1]].concat());
        let refusal = client.refusal("eth_call", json!([{ "to": at, "input": more }, "latest"]))?;
        ensure!(refusal.message.contains("revert"), "{refusal:?}");
    }
    Ok(())
}

/// As many ballots as fit a transaction, in a block.
#[test]
fn process_ballots_of_a_transaction() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = start(folder.path())?;
    let mut client = dev.client()?;
    let wallet = Wallet::local(0)?;
    let mut nonce = 0;
    let sign = |nonce: u64, input: &Bytes| -> Result<Signed> {
        wallet.sign(&Draft { gas: BLOCK_GAS, ..Draft::call(nonce, TALLY, input.clone()) })
    };
    print_head();
    for level in &LEVELS {
        let ballots = level.ballots(level.fit + 1)?;
        let too_many = sign(nonce, &input(&ballots))?;
        let refusal = client.refusal("eth_sendRawTransaction", too_many.params())?;
        assert_eq!(refusal.message, format!("oversized data: transaction size {}, limit 131072", too_many.raw.len()));
        for count in [level.fit - 1, level.fit] {
            let input = input(&ballots[..count]);
            let signed = sign(nonce, &input)?;
            client.submit(&signed)?;
            nonce += 1;
            let receipt = client.call("eth_getTransactionReceipt", json!([signed.hash]))?;
            assert_eq!(receipt["status"], "0x1", "{receipt}");
            assert_eq!(number(&receipt["blockNumber"])?, nonce);
            let verifying = CALL_GAS + u64::try_from(count)? * level.gas;
            let (valid, cost) = (slot(&mut client, 0)?, slot(&mut client, 1)?);
            assert_eq!((valid, cost), (bits(count), U256::from(verifying + AROUND_GAS)), "{count}");

            let (used, calldata) = (number(&receipt["gasUsed"])?, calldata(&input)?);
            ensure!(used > TRANSACTION_GAS + calldata.gas + verifying + AROUND_GAS, "{used}");
            print_line(level, count, "mined", &calldata, used)?;
            // With EIP-7623 the bytes alone would cost more than all this does now.
            ensure!(used < TRANSACTION_GAS + calldata.floor_gas, "{used} of {}", calldata.floor_gas);
        }
    }
    Ok(())
}
