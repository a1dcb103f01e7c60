//! Every method, with everything that it does not expect: an answer or a refusal, never a failure.

use crate::world::{Populated, ask};
use alloy_primitives::B256;
use pars_vm::rpc::table::{Group, Run, TABLE};
use serde_json::{Value, json};

/// Unknown hashes and heights are among the values.
#[test]
fn report_5_13_no_parameters_make_a_method_fail() {
    let Populated { world, mined, emitter, blocks, .. } = Populated::new();
    let unknown = B256::repeat_byte(0xab);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("0x"),
        json!("ä"),
        json!("0x01"),
        json!("latest"),
        json!("pending"),
        json!("0x7fffffffffffffff"),
        json!("0xffffffffffffffff"),
        json!("0x1".repeat(30_000)),
        json!(unknown),
        json!(mined[0].hash),
        json!(blocks[0].id().0),
        json!(emitter),
        json!([]),
        json!([[[[]]]]),
        json!({}),
        json!({ "accessList": "x".repeat(30_000), "topics": "x".repeat(30_000), "state": "x".repeat(30_000) }),
        json!({ "x".repeat(30_000): "x".repeat(30_000), "to": "x".repeat(30_000) }),
        json!({ "blockHash": unknown }),
        json!({ "blockNumber": "0x7fffffffffffffff" }),
        json!({ "fromBlock": "0x0", "toBlock": "0xffffffff", "topics": [[[]]] }),
        json!({ "from": emitter, "to": emitter, "gas": "0x0", "data": "0x", "input": "0x00" }),
    ];
    let few = [json!("0x0"), json!({})];
    let mut lists: Vec<Value> = vec![json!(null), json!({}), json!(7), json!([])];
    for first in &values {
        lists.push(json!([first]));
        for second in &values {
            lists.push(json!([first, second]));
            lists.extend(few.iter().map(|third| json!([first, second, third])));
        }
    }
    world.runtime().block_on(async {
        for method in TABLE {
            for params in &lists {
                let Err(refusal) = ask(world.caller(), method.name, params.clone()).await else { continue };
                let known = match refusal.code {
                    // A revert, a request that cannot be served, parameters, a limit.
                    3 | -32_000 | -32_602 | -32_005 => true,
                    // Operators have a path of their own.
                    -32_601 => matches!(method.run, Run::Session(_)) || method.group == Group::Admin,
                    _ => false,
                };
                assert!(known, "{} {params}: {refusal:?}", method.name);
                assert!(refusal.message.len() < 1_000, "{}: {} letters", method.name, refusal.message.len());
            }
        }
    });
}
