//! Vectors of others, through the rows.

use crate::calling::{Argument, Setting, call, encoded, row};
use crate::load::{Acvp, Wycheproof, acvp, hex, wycheproof};
use crate::operations::selector;
use crate::vectors::json;
use Argument::{Bytes as B, Number as N, Word as W};
use alloy_primitives::{Bytes, U256, hex as digits};
use pars_precompiles::port::Stop;
use pars_precompiles::pure::{INVALID_KEY, bytes_and_word, truth};
use pars_precompiles::registry::{TABLE, rows_of};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

fn run(config_key: &str, input: &[u8]) -> Result<Bytes, Stop> {
    let entry = row(config_key);
    call(entry, Setting::at(entry.at), input).0
}

fn verify(key: &[u8], message: &[u8], signature: &[u8], context: &[u8]) -> Result<Bytes, Stop> {
    let arguments = [key, message, signature, context].map(|bytes| B(bytes.to_vec()));
    let with = run("mldsaVerify", &encoded(selector("verifyWithContext(bytes,bytes,bytes,bytes)"), &arguments));
    if context.is_empty() {
        let without = run("mldsaVerify", &encoded(selector("verify(bytes,bytes,bytes)"), &arguments[..3]));
        assert_eq!(with, without);
    }
    with
}

/// The raw form and the layout of EIP-8355, of what has the lengths of a set and no context.
fn verify_raw(key: &[u8], message: &[u8], signature: &[u8]) -> Option<(Bytes, Bytes)> {
    let (mode, index, expected) = match key.len() {
        1_312 => (0x44, 0, 2_420),
        1_952 => (0x65, 1, 3_309),
        2_592 => (0x87, 2, 4_627),
        _ => return None,
    };
    if signature.len() != expected {
        return None;
    }
    let length = U256::from(message.len()).to_be_bytes::<32>();
    let raw = run("mldsaVerify", &[&[mode], key, &length, signature, message].concat()).unwrap();
    let entry = &TABLE[rows_of("mldsaEip8355").nth(index).unwrap()];
    let open = call(entry, Setting::at(entry.at), &[key, signature, message].concat()).0.unwrap();
    Some((raw, open))
}

#[test]
fn acvp_mldsa() {
    let tests = acvp("ML-DSA-sigVer-FIPS204");
    let (mut seen, mut raw) = (0, 0);
    for Acvp { group, prompt, expected } in tests.iter().filter(|test| test.group["preHash"] == "pure") {
        let (key, message) = (hex(prompt, "pk"), hex(prompt, "message"));
        let (signature, context) = (hex(prompt, "signature"), hex(prompt, "context"));
        let valid = truth(expected["testPassed"].as_bool().unwrap());
        assert_eq!(verify(&key, &message, &signature, &context), Ok(valid.clone()), "{group} {}", prompt["tcId"]);
        seen += 1;
        if context.is_empty() {
            assert_eq!(verify_raw(&key, &message, &signature), Some((valid.clone(), valid)), "{}", prompt["tcId"]);
            raw += 1;
        }
    }
    println!("ML-DSA-sigVer-FIPS204, external and pure: {seen} through the ABI, {raw} through the raw forms too");
    assert_eq!((seen, raw), (45, 3));
}

#[test]
fn wycheproof_mldsa() {
    let (mut all, mut raw) = (0, 0);
    for file in ["mldsa_44_verify_test", "mldsa_65_verify_test", "mldsa_87_verify_test"] {
        let tests = wycheproof(file);
        let before = raw;
        for Wycheproof { group, test, valid } in &tests {
            let (key, message) = (hex(group, "publicKey"), hex(test, "msg"));
            let (signature, context) = (hex(test, "sig"), hex(test, "ctx"));
            let place = format!("{file} {}: {}", test["tcId"], test["comment"]);
            // A key of another length is of another set, or of none.
            assert_eq!(verify(&key, &message, &signature, &context), Ok(truth(*valid)), "{place}");
            if context.is_empty()
                && let Some(answers) = verify_raw(&key, &message, &signature)
            {
                assert_eq!(answers, (truth(*valid), truth(*valid)), "{place}");
                raw += 1;
            }
        }
        println!("{file}: {} through the ABI, {} through the raw forms too", tests.len(), raw - before);
        all += tests.len();
    }
    assert_eq!(all, 631);
    assert!(raw > 550, "{raw}");
}

#[test]
fn eip8355() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crypto/tests/vectors/eip8355/test-vectors.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let tests = file.as_array().unwrap();
    let entry = &TABLE[rows_of("mldsaEip8355").next().unwrap()];
    for test in tests {
        let (ended, gas) = call(entry, Setting::at(entry.at), &hex(test, "Input"));
        assert_eq!(ended, Ok(hex(test, "Expected").into()), "{}", test["Name"]);
        assert_eq!(Some(gas), test["Gas"].as_u64(), "{}", test["Name"]);
    }
    println!("EIP-8355: {} calls with their gas", tests.len());
    assert_eq!(tests.len(), 3);
}

fn number_of(group: &Value) -> u8 {
    match group["parameterSet"].as_str().unwrap() {
        "ML-KEM-512" => 0,
        "ML-KEM-768" => 1,
        "ML-KEM-1024" => 2,
        other => panic!("{other}"),
    }
}

fn refused() -> Result<Bytes, Stop> {
    Err(Stop::Revert(Bytes::copy_from_slice(&INVALID_KEY)))
}

fn encapsulate(set: u8, key: Vec<u8>, coins: [u8; 32]) -> Result<Bytes, Stop> {
    let arguments = [N(set.into()), B(key), W(coins)];
    run("mlkemConfig", &encoded(selector("encapsulateDerand(uint8,bytes,bytes32)"), &arguments))
}

/// By the ABI and by raw bytes, which say the same.
fn decapsulate(set: u8, key: Vec<u8>, ciphertext: Vec<u8>) -> Result<Bytes, Stop> {
    let raw = run("mlkemConfig", &[&[2, set], &key[..], &ciphertext].concat());
    let arguments = [N(set.into()), B(key), B(ciphertext)];
    let ended = run("mlkemConfig", &encoded(selector("decapsulate(uint8,bytes,bytes)"), &arguments));
    assert_eq!(raw.ok(), ended.clone().ok());
    ended
}

#[test]
fn acvp_mlkem() {
    let tests = acvp("ML-KEM-encapDecap-FIPS203");
    for Acvp { group, prompt, expected } in &tests {
        let (set, what) = (number_of(group), group["function"].as_str().unwrap());
        let place = format!("{what} {}", prompt["tcId"]);
        match what {
            "encapsulation" => {
                let made = encapsulate(set, hex(prompt, "ek"), hex(prompt, "m").try_into().unwrap());
                let answer = bytes_and_word(&hex(expected, "c"), &hex(expected, "k").try_into().unwrap());
                assert_eq!(made, Ok(answer), "{place}");
            }
            "decapsulation" => {
                let ended = decapsulate(set, hex(prompt, "dk"), hex(prompt, "c"));
                assert_eq!(ended, Ok(hex(expected, "k").into()), "{place}");
            }
            "encapsulationKeyCheck" => {
                let ended = encapsulate(set, hex(prompt, "ek"), [0; 32]);
                assert_eq!(Some(ended.is_ok()), expected["testPassed"].as_bool(), "{place}");
                assert!(ended.is_ok() || ended == refused(), "{place}");
            }
            "decapsulationKeyCheck" => {
                let ended = decapsulate(set, hex(prompt, "dk"), vec![0; [768, 1_088, 1_568][usize::from(set)]]);
                assert_eq!(Some(ended.is_ok()), expected["testPassed"].as_bool(), "{place}");
                assert!(ended.is_ok() || ended == refused(), "{place}");
            }
            other => panic!("{other}"),
        }
    }
    println!("ML-KEM-encapDecap-FIPS203: {} calls", tests.len());
    assert_eq!(tests.len(), 165);
}

#[test]
fn wycheproof_mlkem() {
    let mut all = 0;
    for (set, number) in [(0, 512), (1, 768), (2, 1_024)] {
        let file = format!("mlkem_{number}_encaps_test");
        let tests = wycheproof(&file);
        for Wycheproof { test, valid, .. } in &tests {
            let made = encapsulate(set, hex(test, "ek"), hex(test, "m").try_into().unwrap());
            let expected = if *valid {
                Ok(bytes_and_word(&hex(test, "c"), &hex(test, "K").try_into().unwrap()))
            } else {
                refused()
            };
            assert_eq!(made, expected, "{file} {}", test["tcId"]);
        }
        println!("{file}: {} calls", tests.len());
        all += tests.len();
        let file = format!("mlkem_{number}_test");
        let tests = wycheproof(&file);
        let mut called = 0;
        for Wycheproof { test, valid, .. } in &tests {
            // Keys of a seed are made elsewhere: the row's own have a label in them.
            let Ok(seed) = hex(test, "seed").try_into() else { continue };
            let set_of_keys = pars_crypto::mlkem::Set::ALL[usize::from(set)];
            let keys = pars_crypto::mlkem::key_pair(set_of_keys, &seed);
            let ended = decapsulate(set, keys.decapsulation_key.to_vec(), hex(test, "c"));
            let expected = if *valid { Ok(hex(test, "K").into()) } else { refused() };
            assert_eq!(ended, expected, "{file} {}", test["tcId"]);
            called += 1;
        }
        println!(
            "{file}: {called} calls of {} tests; the others have a seed of no length, which no call takes",
            tests.len()
        );
        all += tests.len();
    }
    assert!(all > 1_360, "{all}");
}

#[test]
fn acvp_slhdsa() {
    const SETS: [&str; 6] = ["128s", "128f", "192s", "192f", "256s", "256f"];
    let file = json("slh-dsa/SLH-DSA-sigVer-external-pure.json.gz");
    let (mut seen, mut valid, mut raw) = (0, 0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let name = group["parameterSet"].as_str().unwrap();
        let number = SETS.iter().position(|set| name.ends_with(set)).unwrap();
        let mode = u8::try_from(number + if name.contains("SHAKE") { 0x10 } else { 0 }).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let [key, message, context, signature] =
                ["pk", "message", "context", "signature"].map(|name| hex(test, name));
            let expected = truth(test["testPassed"].as_bool().unwrap());
            let arguments =
                [N(mode.into()), B(key.clone()), B(message.clone()), B(signature.clone()), B(context.clone())];
            let with = selector("verifyWithContext(uint8,bytes,bytes,bytes,bytes)");
            let ended = run("slhdsaVerify", &encoded(with, &arguments));
            assert_eq!(ended, Ok(expected.clone()), "{name} {}", test["tcId"]);
            if context.is_empty() {
                let without = selector("slhdsaVerify(uint8,bytes,bytes,bytes)");
                assert_eq!(run("slhdsaVerify", &encoded(without, &arguments[..4])), ended);
                assert_eq!(run("pqCryptoConfig", &encoded(without, &arguments[..4])), ended);
                raw += 1;
            }
            seen += 1;
            valid += usize::from(expected == truth(true));
        }
    }
    println!("SLH-DSA-sigVer, external and pure: {seen} calls, {valid} valid, {raw} without a context");
    assert_eq!((seen, valid), (48, 24));
}

fn word(bytes: &[u8]) -> Argument {
    W(bytes.try_into().unwrap())
}

#[test]
fn bip340() {
    let (mut suite, mut hashed) = (0, 0);
    for line in include_str!("../../../crypto/tests/vectors/bip340/test-vectors.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [key, message, signature] = [2, 4, 5].map(|at: usize| digits::decode(fields[at]).unwrap());
        let expected = Ok(truth(fields[6] == "TRUE"));
        let four = [N(0), B(key.clone()), B(message.clone()), B(signature.clone())];
        let ended = run("frostVerify", &encoded(selector("verify(uint8,bytes,bytes,bytes)"), &four));
        assert_eq!(ended, expected, "{line}");
        suite += 1;
        if message.len() == 32 {
            let five = [N(2), N(3), word(&key), word(&message), B(signature.clone())];
            let ended = run("frostVerify", &encoded(selector("verify(uint32,uint32,bytes32,bytes32,bytes)"), &five));
            assert_eq!(ended, expected, "{line}");
            let raw = [&[0, 0, 0, 2, 0, 0, 0, 3], &key[..], &message, &signature].concat();
            assert_eq!(run("frostVerify", &raw), expected, "{line}");
            hashed += 1;
        }
    }
    println!("BIP-340: {suite} by suite, {hashed} of them as hashes and raw too");
    assert_eq!((suite, hashed), (19, 15));
}

/// The signature of each suite, and not of another.
#[test]
fn frost_suites() {
    let files = ["frost-secp256k1-tr", "frost-ed25519", "frost-secp256k1"];
    for (suite, name) in (0..).zip(files) {
        let file = json(&format!("frost/{name}.vectors.json"));
        let key = hex(&file["inputs"], "verifying_key_key");
        // BIP-340 has x alone.
        let key = if suite == 0 { key[1..].to_vec() } else { key };
        let (message, signature) = (hex(&file["inputs"], "message"), hex(&file["final_output"], "sig"));
        for asked in 0..3 {
            let four = [N(asked), B(key.clone()), B(message.clone()), B(signature.clone())];
            let ended = run("frostVerify", &encoded(selector("verify(uint8,bytes,bytes,bytes)"), &four));
            assert_eq!(ended, Ok(truth(asked == suite)), "{name} as suite {asked}");
        }
        println!("{name}: 1 signature by its suite, refused by the two others");
    }
}

/// High s is valid there and no signature here; and the parity that they do not have is tried both ways.
#[test]
fn wycheproof_ecdsa() {
    let file = json("wycheproof-curves/ecdsa_secp256k1_sha256_p1363_test.json.gz");
    let (mut seen, mut high) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let key = hex(&group["publicKey"], "uncompressed");
        for test in group["tests"].as_array().unwrap() {
            let (hash, signature) = (Sha256::digest(hex(test, "msg")), hex(test, "sig"));
            let holds = [0_u8, 1, 27, 28].map(|v| {
                let signature = [&signature[..], &[v]].concat();
                let five = [N(2), N(3), B(key.clone()), word(&hash), B(signature)];
                let ended =
                    run("cggmp21Verify", &encoded(selector("verify(uint32,uint32,bytes,bytes32,bytes)"), &five));
                ended.unwrap() == truth(true)
            });
            assert_eq!((holds[0], holds[1]), (holds[2], holds[3]));
            assert!(!(holds[0] && holds[1]), "one parity at most");
            let valid = test["result"] == "valid";
            let is_high = signature.len() == 64
                && signature[32..] > digits!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")[..];
            high += usize::from(valid && is_high);
            assert_eq!(holds[0] || holds[1], valid && !is_high, "{}: {}", test["tcId"], test["comment"]);
            seen += 1;
        }
    }
    println!("ecdsa_secp256k1_sha256_p1363_test: {seen} signatures, {high} valid ones with a high s refused");
    assert_eq!(seen, 252);
}

#[test]
fn wycheproof_bls() {
    let file = json("wycheproof-curves/bls_sig_g2_pop_verify_test.json.gz");
    let mut seen = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let key = hex(&group["publicKey"], "pk");
        for test in group["tests"].as_array().unwrap() {
            let three = [B(key.clone()), B(hex(test, "msg")), B(hex(test, "sig"))];
            let ended = run("blsConfig", &encoded(selector("verify(bytes,bytes,bytes)"), &three));
            assert_eq!(ended, Ok(truth(test["result"] == "valid")), "{}: {}", test["tcId"], test["comment"]);
            seen += 1;
        }
    }
    println!("bls_sig_g2_pop_verify_test: {seen} signatures");
    assert_eq!(seen, 26);
}

/// Proofs of possession, aggregates, and the key that was chosen to cancel another's.
#[test]
fn bls_possession() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crypto/tests/vectors/bls-pop/bls_pop.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let list = |value: &Value| -> Vec<Vec<u8>> {
        value.as_array().unwrap().iter().map(|text| digits::decode(text.as_str().unwrap()).unwrap()).collect()
    };
    let verify = |key: &[u8], message: &[u8], signature: &[u8]| {
        let three = [key, message, signature].map(|bytes| B(bytes.to_vec()));
        run("blsConfig", &encoded(selector("verify(bytes,bytes,bytes)"), &three))
    };
    let aggregate_keys = |keys: &[Vec<u8>], proofs: &[Vec<u8>]| {
        let proved = keys.iter().zip(proofs).flat_map(|(key, proof)| [&key[..], proof]).collect::<Vec<_>>().concat();
        let entry = &TABLE[rows_of("blsConfig").nth(1).unwrap()];
        call(entry, Setting::at(entry.at), &encoded(selector("aggregatePublicKeys(bytes)"), &[B(proved)])).0
    };
    for proof in file["pop"].as_array().unwrap() {
        let two = [B(hex(proof, "pk")), B(hex(proof, "pop"))];
        let ended = run("blsConfig", &encoded(selector("popVerify(bytes,bytes)"), &two));
        assert_eq!(ended, Ok(truth(proof["result"].as_bool().unwrap())), "{proof}");
    }
    for aggregate in file["fastAggregate"].as_array().unwrap() {
        let sum = hex(aggregate, "aggregateKey");
        let made = aggregate_keys(&list(&aggregate["pks"]), &list(&aggregate["pops"]));
        assert_eq!(made, Ok(pars_precompiles::abi::dynamic(&sum)));
        let ended = verify(&sum, &hex(aggregate, "message"), &hex(aggregate, "signature"));
        assert_eq!(ended, Ok(truth(aggregate["result"].as_bool().unwrap())));
    }
    for rogue in file["rogue"].as_array().unwrap() {
        let keys = list(&rogue["pks"]);
        let sum = pars_crypto::bls::aggregate_public_keys(&keys.concat()).unwrap();
        let ended = verify(&sum, &hex(rogue, "message"), &hex(rogue, "signature"));
        assert_eq!((ended, rogue["resultWithoutPossession"].as_bool()), (Ok(truth(true)), Some(true)));
        assert_eq!(aggregate_keys(&keys, &list(&rogue["attackerPops"])), refused());
    }
    let counts = ["pop", "fastAggregate", "rogue"].map(|name| file[name].as_array().unwrap().len());
    println!("bls_pop: {counts:?} proofs, aggregates and rogue keys");
    assert_eq!(counts, [7, 4, 1]);
}
