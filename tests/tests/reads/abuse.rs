//! Requests that no honest client sends: each gets a documented error, and the next request an answer.

use crate::world::World;
use pars_chain::state::commit::History;
use pars_vm::rpc::limits::Limits;
use serde_json::{Value, json};

/// Whatever was asked, the node answers.
fn answer(world: &World, body: &[u8]) -> Value {
    let answer = world.runtime().block_on(world.caller().answer(body));
    assert!(answer.len() < 60_000_000, "{} bytes", answer.len());
    assert_eq!(world.call("eth_blockNumber", json!([])), "0x0");
    serde_json::from_slice(&answer).unwrap_or(Value::Null)
}

/// A call of this code.
fn returns(code: &str) -> String {
    let to = "0xbebebebebebebebebebebebebebebebebebebebe";
    let params = json!([{ "to": to }, "latest", { to: { "code": code } }]);
    json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": params }).to_string()
}

#[test]
fn report_5_10_batches_are_bounded() {
    let world = World::new();
    let batch = |count: usize| vec![r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#; count].join(",");
    let whole = answer(&world, format!("[{}]", batch(1_000)).as_bytes());
    assert_eq!(whole.as_array().map(Vec::len), Some(1_000));
    let refused = answer(&world, format!("[{}]", batch(1_001)).as_bytes());
    let error = refused.get("error").or_else(|| refused[0].get("error")).expect("an error");
    assert_eq!(error["code"], -32_600);
    assert_eq!(error["message"], "batch too large");
}

/// Each call alone is small enough.
#[test]
fn answers_to_a_batch_are_bounded() {
    let world = World::new();
    // Returns 1 MiB of memory.
    let call = &returns("0x621000006000f3");
    let answers = answer(&world, format!("[{}]", vec![call.as_str(); 100].join(",")).as_bytes());
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 100);
    let whole = answers.iter().take_while(|answer| answer.get("result").is_some()).count();
    assert!((10..20).contains(&whole), "{whole} whole answers");
    for refused in &answers[whole..] {
        assert_eq!(refused["error"]["code"], -32_003);
        assert_eq!(refused["error"]["message"], "response too large");
    }
}

#[test]
fn one_answer_is_bounded() {
    let world = World::with(Limits { call_gas: None, ..Limits::default() }, History::Archive);
    // Returns 15 MiB, which are 30 MB of digits.
    let refused = answer(&world, returns("0x62f000006000f3").as_bytes());
    assert_eq!(refused["error"]["code"], -32_003);
}

#[test]
fn deep_json_is_refused() {
    let world = World::new();
    for depth in [200, 10_000, 1_000_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let code = |body: String| answer(&world, body.as_bytes())["error"]["code"].as_i64();
        code(deep.clone());
        let params = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{{"to":{deep}}}]}}"#);
        assert_eq!(code(params), Some(-32_602), "{depth}");
        let id = format!(r#"{{"jsonrpc":"2.0","id":{deep},"method":"eth_call"}}"#);
        assert_eq!(code(id), Some(-32_600), "{depth}");
    }
    let open = "[{".repeat(1_000_000);
    assert_eq!(answer(&world, open.as_bytes())["error"]["code"], -32_700);
}

#[test]
fn a_range_of_a_million_blocks_is_refused() {
    let world = World::new();
    let refusal = world.refusal("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "0xf4240" }]));
    assert_eq!(refusal.code, -32_602);
    assert!(refusal.message.starts_with("block range extends beyond current head block"), "{refusal:?}");
}
