//! What subscriptions tell: each accepted block once and in order, whoever asks and however fast they come.

use crate::client::Client;
use crate::server::Server;
use alloy_primitives::{B256, U256};
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::arrivals::ARRIVALS_MAX;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().and_then(|text| text.strip_prefix("0x")).expect("a number"), 16).expect("hex")
}

/// Report 7.1: the first event comes with the first block. A head is the block without its transactions.
#[test]
fn a_head_is_a_header() {
    let server = Server::new();
    server.run(async {
        let mut emitter = server.emitter().await;
        let mut client = Client::connect(server.address).await;
        let id = client.call("eth_subscribe", json!(["newHeads"])).await;
        let digits = id.as_str().unwrap().strip_prefix("0x").unwrap().to_owned();
        assert!(digits.len() > 8 && !digits.starts_with('0'), "{id}");
        client.silence().await;
        let sent = Instant::now();
        let block = server.world.seal_soon(&[emitter.emit(1, 2)]).await;
        let (subscription, head) = client.news().await;
        assert!(sent.elapsed() < Duration::from_secs(1));
        assert_eq!(subscription, id);
        let mut expected = client.call("eth_getBlockByHash", json!([block.id().0, false])).await;
        for absent in ["transactions", "uncles", "size", "totalDifficulty"] {
            assert!(expected.as_object_mut().unwrap().remove(absent).is_some());
        }
        assert_eq!(head, expected);
        for present in ["blockGasCost", "timestampMilliseconds", "minDelayExcess", "baseFeePerGas", "logsBloom"] {
            assert!(head[present].is_string(), "{present}");
        }
        client.silence().await;
    });
}

/// Each filter tells what eth_getLogs finds.
#[test]
fn logs_are_those_of_get_logs() {
    let server = Server::new();
    server.run(async {
        let mut emitter = server.emitter().await;
        let topic = |number: u64| json!(format!("0x{number:064x}"));
        let filters = [
            json!({}),
            json!({ "address": emitter.address }),
            json!({ "address": ["0x00000000000000000000000000000000000000ff"] }),
            json!({ "topics": [topic(1)] }),
            json!({ "topics": [null, [topic(10), topic(30)]] }),
            json!({ "topics": [[], null, null] }),
        ];
        let mut client = Client::connect(server.address).await;
        let mut ids = Vec::new();
        for filter in &filters {
            ids.push(client.call("eth_subscribe", json!(["logs", filter])).await);
        }
        // Some clients leave the filter out.
        ids.push(client.call("eth_subscribe", json!(["logs"])).await);
        let mut told = vec![Vec::new(); ids.len()];
        let mut wanted = vec![Vec::new(); ids.len()];
        for round in [[(1, 10), (2, 20)], [(1, 30), (1, 10)], [(3, 30), (2, 10)]] {
            let transactions: Vec<_> = round.iter().map(|(first, second)| emitter.emit(*first, *second)).collect();
            let block = server.world.seal_soon(&transactions).await;
            for (at, wanted) in wanted.iter_mut().enumerate() {
                let mut filter = filters.get(at).cloned().unwrap_or_else(|| json!({}));
                filter["blockHash"] = json!(block.id().0);
                let logs = client.call("eth_getLogs", json!([filter])).await;
                wanted.extend(logs.as_array().unwrap().iter().cloned());
            }
        }
        let count: usize = wanted.iter().map(Vec::len).sum();
        assert_eq!(wanted.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6, 0, 3, 5, 0, 6]);
        for _ in 0..count {
            let (id, log) = client.news().await;
            assert_eq!(log["removed"], false);
            told[ids.iter().position(|known| *known == id).unwrap()].push(log);
        }
        assert_eq!(told, wanted);
        client.silence().await;
    });
}

/// A transaction is told when a block can hold it: not while a nonce before it is missing.
#[test]
fn pending_transactions_as_they_become_executable() {
    let server = Server::new();
    server.run(async {
        let wallet = Wallet::local(1).unwrap();
        let transfer = |nonce| wallet.sign(&Draft::transfer(nonce, wallet.address, 5)).unwrap();
        let mut client = Client::connect(server.address).await;
        let hashes = client.call("eth_subscribe", json!(["newPendingTransactions"])).await;
        let whole = client.call("eth_subscribe", json!(["newPendingTransactions", true])).await;
        let [first, second, third] = [transfer(0), transfer(1), transfer(2)];
        server.world.submit(&third);
        server.world.submit(&second);
        client.silence().await;
        server.world.submit(&first);
        let (mut by_hash, mut by_body) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            let (id, news) = client.news().await;
            if id == hashes {
                by_hash.push(news);
            } else {
                assert_eq!(id, whole);
                by_body.push(news);
            }
        }
        assert_eq!(by_hash, [json!(first.hash), json!(second.hash), json!(third.hash)]);
        for (news, signed) in by_body.iter().zip([&first, &second, &third]) {
            assert_eq!(*news, client.call("eth_getTransactionByHash", json!([signed.hash])).await);
            assert_eq!((&news["blockHash"], &news["transactionIndex"]), (&Value::Null, &Value::Null));
        }
        // The same bytes again are known, and not told again; a block takes nothing back.
        let again = pars_chain::tx::Tx::decode(&first.raw).unwrap();
        assert!(server.world.node.submit(again.into()).is_err());
        server.world.seal_soon(&[first, second, third]).await;
        client.silence().await;
    });
}

/// Many at once, more than are remembered between two looks of a client: hashes come once and in order.
#[test]
fn report_7_5_thousands_of_pending_transactions() {
    const COUNT: u64 = 3_000;
    let server = Server::new();
    server.run(async {
        let wallet = Wallet::local(2).unwrap();
        let mut client = Client::connect(server.address).await;
        client.call("eth_subscribe", json!(["newPendingTransactions"])).await;
        let sent: Vec<_> =
            (0..COUNT).map(|nonce| wallet.sign(&Draft::transfer(nonce, wallet.address, 5)).unwrap()).collect();
        for signed in &sent {
            server.world.submit(signed);
        }
        for signed in &sent {
            assert_eq!(client.news().await.1, json!(signed.hash));
        }
        assert_eq!(server.world.node.arrivals().missed(), 0);
    });
}

/// More arrive than are remembered: who asks too late is told the newest, and how many were not told is counted.
#[test]
fn report_7_5_what_does_not_fit_is_counted() {
    let server = Server::new();
    server.run(async {
        let mut client = Client::connect(server.address).await;
        let filter = client.call("eth_newPendingTransactionFilter", json!([])).await;
        let arrivals = server.world.node.arrivals();
        let hashes: Vec<B256> = (0..20_000_u64).map(|number| U256::from(number).into()).collect();
        hashes.chunks(100).for_each(|some| arrivals.push(some));
        let told = client.call("eth_getFilterChanges", json!([filter])).await;
        let forgotten = hashes.len() - ARRIVALS_MAX;
        assert_eq!(told, json!(hashes[forgotten..]));
        assert_eq!(arrivals.missed(), u64::try_from(forgotten).unwrap());
        assert_eq!(client.call("eth_getFilterChanges", json!([filter])).await, json!([]));
        assert_eq!(arrivals.missed(), u64::try_from(forgotten).unwrap());
    });
}

#[test]
fn what_is_ended_tells_nothing() {
    let server = Server::new();
    server.run(async {
        let mut client = Client::connect(server.address).await;
        let mut other = Client::connect(server.address).await;
        let first = client.call("eth_subscribe", json!(["newHeads"])).await;
        let second = client.call("eth_subscribe", json!(["newHeads"])).await;
        assert_ne!(first, second);
        let gone = (-32_000, "subscription not found".to_owned());
        // Subscriptions are the connection's own.
        assert_eq!(other.refusal("eth_unsubscribe", json!([first])).await, gone);
        assert_eq!(client.call("eth_unsubscribe", json!([first])).await, true);
        assert_eq!(client.refusal("eth_unsubscribe", json!([first])).await, gone);
        server.tick().await;
        assert_eq!(client.news().await.0, second);
        client.silence().await;
        other.silence().await;
    });
}

#[test]
fn refusals_in_their_words() {
    let server = Server::with(
        Limits::default(),
        SocketLimits { subscriptions: 3, filter_entries: 4, ..SocketLimits::default() },
    );
    let http = server.world.refusal("eth_subscribe", json!(["newHeads"]));
    assert_eq!((http.code, http.message.as_str()), (-32_601, "notifications not supported"));
    let http = server.world.refusal("eth_unsubscribe", json!(["0x1"]));
    assert_eq!((http.code, http.message.as_str()), (-32_000, "subscription not found"));
    server.run(async {
        let mut client = Client::connect(server.address).await;
        let address = "0x00000000000000000000000000000000000000ff";
        for (params, code, text) in [
            (json!(["syncing"]), -32_601, "no \"syncing\" subscription in eth namespace"),
            (json!(["x\"y"]), -32_601, "no \"x\\\"y\" subscription in eth namespace"),
            (json!([]), -32_602, "expected subscription name as first argument"),
            (json!([5]), -32_602, "expected subscription name as first argument"),
            (json!(["newHeads", 1]), -32_602, "too many arguments, want at most 1"),
            (json!(["logs", "x"]), -32_602, "invalid argument 1: a string where a filter object is expected"),
            (json!(["logs", { "topics": [null, null, null, null, null] }]), -32_602, "exceed max topics"),
            (json!(["newPendingTransactions", 1]), -32_602, "invalid argument 1: "),
        ] {
            let (got, message) = client.refusal("eth_subscribe", params.clone()).await;
            assert!((got, message.starts_with(text)) == (code, true), "{params}: {got} {message}");
        }
        let (code, message) = client.refusal("eth_unsubscribe", json!([])).await;
        assert_eq!((code, message.as_str()), (-32_602, "missing value for required argument 0"));
        let filter =
            json!(["logs", { "address": [address], "topics": [[format!("0x{:064x}", 1), format!("0x{:064x}", 2)]] }]);
        client.call("eth_subscribe", filter.clone()).await;
        let (code, message) = client.refusal("eth_subscribe", filter).await;
        assert_eq!(code, -32_000);
        assert_eq!(message, "too many addresses and topics: the subscriptions of a connection have 4 at most");
        client.call("eth_subscribe", json!(["newHeads"])).await;
        client.call("eth_subscribe", json!(["newHeads"])).await;
        let (code, message) = client.refusal("eth_subscribe", json!(["newHeads"])).await;
        assert_eq!((code, message.as_str()), (-32_000, "too many subscriptions: a connection has 3 at most"));
    });
}

/// Report 7.2: a thousand blocks, as fast as they can be made; each comes once, and in order, to all.
#[test]
fn report_7_2_a_thousand_fast_blocks() {
    const BLOCKS: u64 = 1_000;
    let server = Server::new();
    server.run(async {
        let mut emitter = server.emitter().await;
        let mut clients = Vec::new();
        for _ in 0..8 {
            let mut client = Client::connect(server.address).await;
            let heads = client.call("eth_subscribe", json!(["newHeads"])).await;
            let logs = client.call("eth_subscribe", json!(["logs", { "address": emitter.address }])).await;
            clients.push((client, heads, logs));
        }
        let transactions: Vec<_> = (0..BLOCKS).map(|number| emitter.emit(number, 0)).collect();
        let following = clients.into_iter().map(|(mut client, heads, logs)| {
            tokio::spawn(async move {
                let (mut next_head, mut next_log) = (2, 0);
                let mut parent = Value::Null;
                while next_head < BLOCKS + 2 || next_log < BLOCKS {
                    let (id, news) = client.news().await;
                    if id == heads {
                        assert_eq!(number(&news["number"]), next_head);
                        assert!(parent.is_null() || news["parentHash"] == parent);
                        parent = news["hash"].clone();
                        next_head += 1;
                    } else {
                        assert_eq!(id, logs);
                        assert_eq!(number(&news["topics"][0]), next_log);
                        assert_eq!(number(&news["blockNumber"]), next_log + 2);
                        next_log += 1;
                    }
                }
                client.silence().await;
            })
        });
        let following: Vec<_> = following.collect();
        let since = Instant::now();
        for transaction in transactions {
            server.world.seal_soon(&[transaction]).await;
        }
        println!("{BLOCKS} blocks in {:?}", since.elapsed());
        for client in following {
            client.await.unwrap();
        }
        println!("told to 8 clients after {:?}", since.elapsed());
    });
}

/// Nothing of a subscription comes before its id, however busy the chain is, and nothing is left out after it.
#[test]
fn report_7_1_the_id_comes_first_and_the_event_after_it() {
    let server = Server::new();
    server.run(async {
        let (done, mut stop) = tokio::sync::watch::channel(false);
        let sealing = async {
            while !*stop.borrow_and_update() {
                server.tick().await;
            }
        };
        let following = async {
            let mut client = Client::connect(server.address).await;
            for round in 0..40 {
                let before = number(&client.call("eth_blockNumber", json!([])).await);
                let id = if round % 2 == 0 {
                    client.call("eth_subscribe", json!(["newHeads"])).await
                } else {
                    client
                        .send(r#"[{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]},{"jsonrpc":"2.0","id":2,"method":"eth_blockNumber"}]"#)
                        .await;
                    client.receive().await[0]["result"].clone()
                };
                let mut next = None;
                for _ in 0..5 {
                    let (told, head) = client.news().await;
                    assert_eq!(told, id);
                    let height = number(&head["number"]);
                    assert!(height > before);
                    assert!(next.is_none_or(|next| next == height));
                    next = Some(height + 1);
                }
                client.call("eth_unsubscribe", json!([id])).await;
                // What was under way came before the answer, and belongs to a subscription that is gone.
                while client.take_news().is_some() {}
            }
            done.send_replace(true);
        };
        tokio::join!(sealing, following);
    });
}

/// Report 7.3: a client that comes back subscribes, asks for what it missed, and has everything once.
#[test]
fn report_7_3_nothing_is_lost_by_reconnecting() {
    let server = Server::new();
    server.run(async {
        let mut emitter = server.emitter().await;
        let filter = json!({ "address": emitter.address });
        let mut seen = Vec::new();
        let mut last = 1;
        let mut old = Value::Null;
        for round in 0..10_u64 {
            let mut client = Client::connect(server.address).await;
            let id = client.call("eth_subscribe", json!(["logs", filter])).await;
            assert_ne!(id, old);
            old = id;
            // Blocks come while it asks, too.
            server.world.seal_soon(&[emitter.emit(round, 1)]).await;
            let mut query = filter.clone();
            query["fromBlock"] = json!(format!("{:#x}", last + 1));
            query["toBlock"] = json!("latest");
            let missed = client.call("eth_getLogs", json!([query])).await;
            for log in missed.as_array().unwrap() {
                last = number(&log["blockNumber"]);
                seen.push(log.clone());
            }
            server.world.seal_soon(&[emitter.emit(round, 2)]).await;
            for _ in 0..2 {
                let (_, log) = client.news().await;
                let height = number(&log["blockNumber"]);
                // What both told is known by its block.
                if height > last {
                    last = height;
                    seen.push(log);
                }
            }
            drop(client);
            for second in 3..6 {
                server.world.seal_soon(&[emitter.emit(round, second)]).await;
            }
        }
        let mut client = Client::connect(server.address).await;
        let mut query = filter;
        query["fromBlock"] = json!("0x0");
        let all = client.call("eth_getLogs", json!([query])).await;
        let all = all.as_array().unwrap();
        assert_eq!(all.len(), 50);
        // The last three blocks came after the last connection.
        assert_eq!(seen, all[..47]);
    });
}

/// A block with more logs than one turn takes.
#[test]
fn a_block_with_many_logs() {
    let server = Server::new();
    server.run(async {
        let mut emitter = server.emitter().await;
        let mut client = Client::connect(server.address).await;
        let all = client.call("eth_subscribe", json!(["logs", {}])).await;
        let some = client.call("eth_subscribe", json!(["logs", { "topics": [format!("0x{:064x}", 7)] }])).await;
        let heads = client.call("eth_subscribe", json!(["newHeads"])).await;
        let transactions: Vec<_> = (0..250).map(|number| emitter.emit(number % 50, number)).collect();
        server.world.seal_soon(&transactions).await;
        let (mut next, mut sevens, mut head) = (0, Vec::new(), 0);
        for _ in 0..250 + 5 + 1 {
            let (id, news) = client.news().await;
            if id == all {
                assert_eq!(number(&news["logIndex"]), next);
                next += 1;
            } else if id == some {
                sevens.push(number(&news["logIndex"]));
            } else {
                assert_eq!(id, heads);
                head += 1;
            }
        }
        assert_eq!((next, head), (250, 1));
        assert_eq!(sevens, [7, 57, 107, 157, 207]);
        client.silence().await;
    });
}
