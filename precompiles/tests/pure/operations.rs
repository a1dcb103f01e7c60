//! [`operations`]: one good call of everything that a row does, with its price and its answer.

use crate::calling::{Argument, encoded, row};
use crate::load::hex;
use crate::vectors::json;
use Argument::{Bytes as B, Number as N, Word as W};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use blst::min_pk::SecretKey;
use k256::ecdsa::SigningKey;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use pars_crypto::bls::{POSSESSION_DST, SIGNATURE_DST};
use pars_crypto::hash::sha3_256;
use pars_crypto::hash::shake256;
use pars_crypto::mldsa::{self, Set as Dsa};
use pars_crypto::mlkem::{self, Set as Kem};
use pars_crypto::slhdsa::Set as Slh;
use pars_precompiles::abi;
use pars_precompiles::pure::{bytes_and_word, truth, truth_byte, two_bytes};
use pars_precompiles::registry::{Entry, TABLE, rows_of};

/// Something that a row does.
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) row: &'static Entry,
    pub(crate) form: Form,
    pub(crate) price: u64,
    pub(crate) answer: Bytes,
    /// It runs only where secrets may be seen.
    pub(crate) secret: bool,
    /// Where it comes to one call of a library and nothing else, that call.
    pub(crate) single: Option<Single>,
}

/// One call of a library.
#[derive(Clone)]
pub(crate) enum Single {
    MlDsa(Dsa, Verification),
    /// Encapsulates for a key, with given coins or with those that are hashed from the key.
    MlKem {
        set: Kem,
        key: Vec<u8>,
        are_coins_given: bool,
    },
    SlhDsa(Slh, Verification),
}

/// What is verified.
#[derive(Clone)]
pub(crate) struct Verification {
    pub(crate) key: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) context: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// How it is called.
#[derive(Clone)]
pub(crate) enum Form {
    /// By a function of the ABI.
    Function([u8; 4], Vec<Argument>),
    /// By raw bytes.
    Raw(Vec<u8>),
    /// By bytes of which all have an answer.
    Open(Vec<u8>),
}

impl Operation {
    pub(crate) fn input(&self) -> Vec<u8> {
        self.form.input()
    }
}

impl Form {
    pub(crate) fn input(&self) -> Vec<u8> {
        match self {
            Self::Function(selector, arguments) => encoded(*selector, arguments),
            Self::Raw(bytes) | Self::Open(bytes) => bytes.clone(),
        }
    }
}

pub(crate) fn selector(signature: &str) -> [u8; 4] {
    *keccak256(signature).first_chunk().unwrap()
}

/// Names of a function's parameters.
pub(crate) fn parameters(row: &Entry, selector: [u8; 4]) -> Vec<&'static str> {
    let list = declared(row, selector).split(['(', ')']).nth(1).expect("a list of parameters");
    list.split(", ").filter_map(|parameter| parameter.rsplit(' ').next()).collect()
}

/// The function as it is declared.
pub(crate) fn declared(row: &Entry, selector: [u8; 4]) -> &'static str {
    let mut functions = row.interface.iter().flat_map(|part| part.functions);
    functions.find(|function| function.selector == selector).expect("a function of the row").solidity
}

fn function(signature: &str, arguments: impl Into<Vec<Argument>>) -> Form {
    Form::Function(selector(signature), arguments.into())
}

/// Prices are written down once more, from the public table.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    for set in Dsa::ALL {
        mldsa_operations(set, &mut all);
    }
    for set in Kem::ALL {
        mlkem_operations(set, &mut all);
    }
    for (set, signed) in slhdsa_signed() {
        slhdsa_operations(set, &signed, &mut all);
    }
    hybrid_operations(&mut all);
    threshold_operations(&mut all);
    bls_operations(&mut all);
    ballot_operations(&mut all);
    all
}

struct Adding<'a> {
    all: &'a mut Vec<Operation>,
    row: &'static Entry,
    what: String,
}

impl Adding<'_> {
    fn add(&mut self, name: &str, form: Form, price: u64, answer: Bytes) {
        let name = format!("{} {} {name}", self.row.name, self.what);
        self.all.push(Operation { name, row: self.row, form, price, answer, secret: false, single: None });
    }

    fn add_single(&mut self, single: &Single, name: &str, form: Form, price: u64, answer: Bytes) {
        self.add(name, form, price, answer);
        self.all.last_mut().unwrap().single = Some(single.clone());
    }

    fn add_secret(&mut self, name: &str, form: Form, price: u64, answer: Bytes) {
        self.add(name, form, price, answer);
        self.all.last_mut().unwrap().secret = true;
    }
}

fn mldsa_operations(set: Dsa, all: &mut Vec<Operation>) {
    let (mode, plain_mode, level, base, batch, eip, eip_row) = match set {
        Dsa::MlDsa44 => (0x44, 44, 2, 75_000, 6_000, 6_500, 0),
        Dsa::MlDsa65 => (0x65, 65, 3, 100_000, 8_000, 9_000, 1),
        Dsa::MlDsa87 => (0x87, 87, 5, 150_000, 12_000, 13_500, 2),
    };
    let (message, context) = (b"a message of more than a word of bytes".to_vec(), b"context".to_vec());
    let length = u64::try_from(message.len()).unwrap();
    let keys = mldsa::key_pair(set, &[5; 32]);
    let (key, secret) = (keys.public_key.clone(), keys.secret_key.to_vec());
    let signature = mldsa::sign(set, &secret, &message, &[]).unwrap();
    let with_context = mldsa::sign(set, &secret, &message, &context).unwrap();
    let verify = base + 10 * length;
    let single = |signature: &Vec<u8>, context: &[u8]| {
        let (key, message, signature) = (key.clone(), message.clone(), signature.clone());
        Single::MlDsa(set, Verification { key, message, context: context.to_vec(), signature })
    };
    let plain = single(&signature, &[]);

    let mut own = Adding { all, row: row("mldsaVerify"), what: format!("{set:?}") };
    let three = [B(key.clone()), B(message.clone()), B(signature.clone())];
    own.add_single(&plain, "verify", function("verify(bytes,bytes,bytes)", three.clone()), verify, truth(true));
    let four = [B(key.clone()), B(message.clone()), B(with_context.clone()), B(context.clone())];
    let form = function("verifyWithContext(bytes,bytes,bytes,bytes)", four);
    own.add_single(&single(&with_context, &context), "with context", form, verify, truth(true));
    let raw = [&[mode][..], &key, &U256::from(length).to_be_bytes::<32>(), &signature, &message].concat();
    own.add_single(&plain, "raw", Form::Raw(raw), verify, truth(true));
    let item = |signature: &[u8]| {
        [&key[..], signature, &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat()
    };
    let items = [item(&with_context), item(&signature), item(&with_context)].concat();
    let arguments = [N(mode.into()), B(context), B(items)];
    let price = 3_000 + 3 * (batch + 6 * length.div_ceil(32));
    let answer = abi::words(&[U256::from(0b101)]);
    own.add("batch", function("verifyBatch(uint8,bytes,bytes)", arguments), price, answer);
    own.add_secret("keys", function("keyGen(uint8,bytes32)", [N(level), W([5; 32])]), base, two_bytes(&key, &secret));
    own.add_secret(
        "sign",
        function("sign(bytes,bytes)", [B(secret), B(message.clone())]),
        10 * base + 10 * length,
        abi::dynamic(&signature),
    );

    let row_of_set = &TABLE[rows_of("mldsaEip8355").nth(eip_row).unwrap()];
    let mut open = Adding { all, row: row_of_set, what: format!("{set:?}") };
    let input = [&key[..], &signature, &message].concat();
    open.add_single(&plain, "EIP-8355", Form::Open(input), eip + 6 * length.div_ceil(32), truth(true));

    let mut unified = Adding { all, row: row("pqCryptoConfig"), what: format!("{set:?}") };
    for mode in [mode, plain_mode] {
        let four = [N(mode.into()), three[0].clone(), three[1].clone(), three[2].clone()];
        let form = function("mldsaVerify(uint8,bytes,bytes,bytes)", four);
        unified.add_single(&plain, &format!("verify {mode}"), form, verify, truth(true));
        let short = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
        let raw = [b"mlds", &[mode][..], &short(&key), &short(&message), &signature].concat();
        unified.add_single(&plain, &format!("raw {mode}"), Form::Raw(raw), verify, truth_byte(true));
    }
}

fn mlkem_operations(set: Kem, all: &mut Vec<Operation>) {
    let (number, level, encapsulate, decapsulate): (u8, u64, u64, u64) = match set {
        Kem::MlKem512 => (0, 2, 50_000, 60_000),
        Kem::MlKem768 => (1, 3, 75_000, 90_000),
        Kem::MlKem1024 => (2, 5, 100_000, 120_000),
    };
    let level_byte = u8::try_from(level).unwrap();
    let keys = mlkem::key_pair(set, &shake256(&[b"pars/mlkem-keygen/v1", &[level_byte], &[5; 32]]));
    let (ek, dk) = (keys.encapsulation_key.clone(), keys.decapsulation_key.to_vec());
    let coins = shake256(&[b"pars/mlkem-encapsulate/v1", &[number], &ek]);
    let made = mlkem::encapsulate(set, &ek, &coins).unwrap();
    let (ciphertext, secret) = (made.ciphertext.clone(), *made.secret);
    let own_coins = mlkem::encapsulate(set, &ek, &[6; 32]).unwrap();
    let with_coins = |are_coins_given| Single::MlKem { set, key: ek.clone(), are_coins_given };
    let (single, with_own_coins) = (with_coins(false), with_coins(true));

    let mut own = Adding { all, row: row("mlkemConfig"), what: format!("{set:?}") };
    let raw_answer: Bytes = [&ciphertext[..], &secret].concat().into();
    let raw = Form::Raw([&[1, number], &ek[..]].concat());
    own.add_single(&single, "raw encapsulate", raw, encapsulate, raw_answer.clone());
    own.add_secret(
        "raw decapsulate",
        Form::Raw([&[2, number], &dk[..], &ciphertext].concat()),
        decapsulate,
        secret.to_vec().into(),
    );
    let number = u64::from(number);
    own.add_single(
        &single,
        "encapsulate",
        function("encapsulate(uint8,bytes)", [N(number), B(ek.clone())]),
        encapsulate,
        bytes_and_word(&ciphertext, &secret),
    );
    own.add_single(
        &with_own_coins,
        "with coins",
        function("encapsulateDerand(uint8,bytes,bytes32)", [N(number), B(ek.clone()), W([6; 32])]),
        encapsulate,
        bytes_and_word(&own_coins.ciphertext, &own_coins.secret),
    );
    own.add_single(
        &single,
        "encapsulate by length",
        function("encapsulate(bytes)", [B(ek.clone())]),
        encapsulate,
        two_bytes(&ciphertext, &secret),
    );
    own.add_secret(
        "decapsulate",
        function("decapsulate(uint8,bytes,bytes)", [N(number), B(dk.clone()), B(ciphertext.clone())]),
        decapsulate,
        secret.to_vec().into(),
    );
    own.add_secret(
        "decapsulate by length",
        function("decapsulate(bytes,bytes)", [B(dk.clone()), B(ciphertext.clone())]),
        decapsulate,
        abi::dynamic(&secret),
    );
    own.add_secret("keys", function("keyGen(uint8,bytes32)", [N(level), W([5; 32])]), encapsulate, two_bytes(&ek, &dk));

    let mut unified = Adding { all, row: row("pqCryptoConfig"), what: format!("{set:?}") };
    let mode = u8::try_from(number).unwrap();
    unified.add_single(&single, "encp", Form::Raw([b"encp", &[mode][..], &ek].concat()), encapsulate, raw_answer);
    unified.add_secret(
        "decp",
        Form::Raw([b"decp", &[mode][..], &dk, &ciphertext].concat()),
        decapsulate,
        secret.to_vec().into(),
    );
    unified.add_single(
        &single,
        "encapsulate",
        function("mlkemEncapsulate(uint8,bytes)", [N(number), B(ek)]),
        encapsulate,
        two_bytes(&ciphertext, &secret),
    );
    unified.add_secret(
        "decapsulate",
        function("mlkemDecapsulate(uint8,bytes,bytes)", [N(number), B(dk), B(ciphertext)]),
        decapsulate,
        abi::dynamic(&secret),
    );
}

/// Signatures of a set. Making them takes seconds, so they are checked in.
struct Signed {
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    context: Vec<u8>,
    /// With an empty context.
    plain: Vec<u8>,
}

fn slhdsa_signed() -> Vec<(Slh, Signed)> {
    let file = json("slh-dsa-made/signatures.json.gz");
    let rows = file.as_array().unwrap();
    assert_eq!(rows.len(), Slh::ALL.len());
    let signed = rows.iter().zip(Slh::ALL).map(|(row, set)| {
        assert_eq!(row["set"], format!("{set:?}"));
        let [key, message, signature, context, plain] =
            ["key", "message", "signature", "context", "plain"].map(|name| hex(row, name));
        (set, Signed { key, message, signature, context, plain })
    });
    signed.collect()
}

fn slhdsa_operations(set: Slh, signed: &Signed, all: &mut Vec<Operation>) {
    let (mode, base): (u8, u64) = match set {
        Slh::Sha2_128s => (0x00, 50_000),
        Slh::Sha2_128f => (0x01, 75_000),
        Slh::Sha2_192s => (0x02, 100_000),
        Slh::Sha2_192f => (0x03, 150_000),
        Slh::Sha2_256s => (0x04, 175_000),
        Slh::Sha2_256f => (0x05, 250_000),
        Slh::Shake128s => (0x10, 175_000),
        Slh::Shake128f => (0x11, 500_000),
        Slh::Shake192s => (0x12, 250_000),
        Slh::Shake192f => (0x13, 725_000),
        Slh::Shake256s => (0x14, 350_000),
        Slh::Shake256f => (0x15, 725_000),
    };
    let Signed { key, message, signature, context, plain } = signed;
    let single = |signature: &Vec<u8>, context: &[u8]| {
        let (key, message, signature) = (key.clone(), message.clone(), signature.clone());
        Single::SlhDsa(set, Verification { key, message, context: context.to_vec(), signature })
    };
    let with_context = single(signature, context);
    let without = single(plain, &[]);
    let price = base + 10 * u64::try_from(message.len()).unwrap();
    let short = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let raw = [&[mode][..], &short(key), &short(message), plain].concat();
    let four = [N(mode.into()), B(key.clone()), B(message.clone()), B(plain.clone())];

    let mut own = Adding { all, row: row("slhdsaVerify"), what: format!("{set:?}") };
    own.add_single(&without, "raw", Form::Raw(raw.clone()), price, truth(true));
    let form = function("slhdsaVerify(uint8,bytes,bytes,bytes)", four.clone());
    own.add_single(&without, "of set", form.clone(), price, truth(true));
    let five = [N(mode.into()), B(key.clone()), B(message.clone()), B(signature.clone()), B(context.clone())];
    let of_context = function("verifyWithContext(uint8,bytes,bytes,bytes,bytes)", five);
    own.add_single(&with_context, "with context", of_context, price, truth(true));
    if mode < 0x10 {
        let by_length = function("verify(bytes,bytes,bytes)", four[1..].to_vec());
        own.add_single(&without, "verify", by_length, price, truth(true));
    }
    let mut unified = Adding { all, row: row("pqCryptoConfig"), what: format!("{set:?}") };
    unified.add_single(&without, "slhs", Form::Raw([b"slhs", &raw[..]].concat()), price, truth_byte(true));
    unified.add_single(&without, "slhdsaVerify", form, price, truth(true));
}

pub(crate) fn bls_key(number: u8) -> SecretKey {
    SecretKey::key_gen(&[number; 32], &[]).unwrap()
}

pub(crate) fn bls_sign(key: &SecretKey, message: &[u8]) -> Vec<u8> {
    key.sign(message, SIGNATURE_DST, &[]).to_bytes().to_vec()
}

pub(crate) fn bls_public(key: &SecretKey) -> Vec<u8> {
    key.sk_to_pk().to_bytes().to_vec()
}

pub(crate) fn bls_possession(key: &SecretKey) -> Vec<u8> {
    key.sign(&bls_public(key), POSSESSION_DST, &[]).to_bytes().to_vec()
}

fn hybrid_operations(all: &mut Vec<Operation>) {
    let (bls_row, ecdsa_row) = (row("hybridVerify"), &TABLE[rows_of("hybridVerify").nth(1).unwrap()]);
    let (bls, ecdsa) = (bls_key(1), SigningKey::from_bytes(&[1; 32].into()).unwrap());
    let hash = [0x77; 32];
    let keys = mldsa::key_pair(Dsa::MlDsa65, &[8; 32]);
    let (bls_signature, signature) =
        (bls_sign(&bls, &hash), mldsa::sign(Dsa::MlDsa65, &keys.secret_key, &hash, &[]).unwrap());
    let mut own = Adding { all, row: bls_row, what: "published".to_owned() };
    let raw = [&bls_signature[..], &3_309_u16.to_be_bytes(), &signature, &hash, &bls_public(&bls), &keys.public_key];
    own.add("raw", Form::Raw(raw.concat()), 270_000, truth_byte(true));
    let five = [B(bls_signature), B(signature), W(hash), B(bls_public(&bls)), B(keys.public_key.clone())];
    own.add("verify", function("verify(bytes,bytes,bytes32,bytes,bytes)", five), 270_000, truth(true));

    let message = b"a message of both".to_vec();
    for (set, base) in [(Dsa::MlDsa44, 75_000), (Dsa::MlDsa65, 100_000), (Dsa::MlDsa87, 150_000)] {
        let keys = mldsa::key_pair(set, &[9; 32]);
        let bound = |label: &[u8], classical: &[u8]| {
            let signed = [label, &sha3_256(&[classical, &keys.public_key]), &message].concat();
            let signature = mldsa::sign(set, &keys.secret_key, &signed, label).unwrap();
            (signed, signature)
        };
        let (signed, signature) = bound(b"pars/hybrid-bls-mldsa/v1", &bls_public(&bls));
        let five = [
            B(bls_public(&bls)),
            B(keys.public_key.clone()),
            B(message.clone()),
            B(bls_sign(&bls, &signed)),
            B(signature),
        ];
        let mut own = Adding { all, row: bls_row, what: format!("{set:?}") };
        let price = 120_000 + base + 10 * u64::try_from(message.len()).unwrap();
        own.add("BLS", function("verifyBlsMldsa(bytes,bytes,bytes,bytes,bytes)", five), price, truth(true));

        for compressed in [true, false] {
            let public = ecdsa.verifying_key().to_encoded_point(compressed).as_bytes().to_vec();
            let (signed, signature) = bound(b"pars/hybrid-ecdsa-mldsa/v1", &public);
            let made: k256::ecdsa::Signature = ecdsa.sign_prehash(keccak256(&signed).as_slice()).unwrap();
            let made = made.normalize_s().unwrap_or(made).to_bytes().to_vec();
            let five = [B(public), B(keys.public_key.clone()), B(message.clone()), B(made), B(signature)];
            let mut own = Adding { all, row: ecdsa_row, what: format!("{set:?}") };
            let price = 5_000 + base + 10 * u64::try_from(message.len()).unwrap();
            own.add("ECDSA", function("verifyEcdsaMldsa(bytes,bytes,bytes,bytes,bytes)", five), price, truth(true));
        }
    }
}

fn threshold_operations(all: &mut Vec<Operation>) {
    // BIP-340's vector 1: a message of 32 bytes.
    let line = include_str!("../../../crypto/tests/vectors/bip340/test-vectors.csv").lines().nth(2).unwrap();
    let field = |number: usize| alloy_primitives::hex::decode(line.split(',').nth(number).unwrap()).unwrap();
    let (key, hash, signature) = (field(2), field(4), field(5));
    let words = |bytes: &[u8]| W(bytes.try_into().unwrap());
    let mut frost = Adding { all, row: row("frostVerify"), what: "BIP-340".to_owned() };
    for (t, n) in [(1_u32, 1_u32), (3, 5), (1_024, 1_024)] {
        let price = 50_000 + 5_000 * u64::from(n);
        let five = [N(t.into()), N(n.into()), words(&key), words(&hash), B(signature.clone())];
        frost.add(
            &format!("{t} of {n}"),
            function("verify(uint32,uint32,bytes32,bytes32,bytes)", five),
            price,
            truth(true),
        );
        let raw = [&t.to_be_bytes()[..], &n.to_be_bytes(), &key, &hash, &signature].concat();
        frost.add(&format!("raw {t} of {n}"), Form::Raw(raw), price, truth(true));
    }
    for (suite, file) in [(0, "frost-secp256k1-tr"), (1, "frost-ed25519"), (2, "frost-secp256k1")] {
        let file = json(&format!("frost/{file}.vectors.json"));
        let key = hex(&file["inputs"], "verifying_key_key");
        let key = if suite == 0 { key[1..].to_vec() } else { key };
        let (message, signature) = (hex(&file["inputs"], "message"), hex(&file["final_output"], "sig"));
        let price = 55_000 + 10 * u64::try_from(message.len()).unwrap();
        let four = [N(suite), B(key), B(message), B(signature)];
        frost.add(&format!("suite {suite}"), function("verify(uint8,bytes,bytes,bytes)", four), price, truth(true));
    }

    let secret = SigningKey::from_bytes(&[2; 32].into()).unwrap();
    let public = secret.verifying_key().to_encoded_point(false).as_bytes().to_vec();
    let (made, v) = secret.sign_prehash_recoverable(&hash).unwrap();
    let mut cggmp = Adding { all, row: row("cggmp21Verify"), what: "ECDSA".to_owned() };
    for (t, n, shift) in [(1_u32, 1_u32, 0), (2, 3, 27)] {
        let signature = [&made.to_bytes()[..], &[v.to_byte() + shift]].concat();
        let price = 75_000 + 10_000 * u64::from(n);
        let five = [N(t.into()), N(n.into()), B(public.clone()), words(&hash), B(signature.clone())];
        cggmp.add(
            &format!("{t} of {n}"),
            function("verify(uint32,uint32,bytes,bytes32,bytes)", five),
            price,
            truth(true),
        );
        let raw = [&t.to_be_bytes()[..], &n.to_be_bytes(), &public, &hash, &signature].concat();
        cggmp.add(&format!("raw {t} of {n}"), Form::Raw(raw), price, truth(true));
    }
}

fn bls_operations(all: &mut Vec<Operation>) {
    let (verify, aggregate) = (row("blsConfig"), &TABLE[rows_of("blsConfig").nth(1).unwrap()]);
    let (key, hash, message) = (bls_key(3), [0x55; 32], b"a longer message than thirty-two bytes".to_vec());
    let public = bls_public(&key);
    let mut own = Adding { all, row: verify, what: String::new() };
    let raw = [&public[..], &hash, &bls_sign(&key, &hash)].concat();
    own.add("raw", Form::Raw(raw), 120_320, truth_byte(true));
    let three = [B(public.clone()), W(hash), B(bls_sign(&key, &hash))];
    own.add("hash", function("verify(bytes,bytes32,bytes)", three), 120_320, truth(true));
    let price = 120_000 + 10 * u64::try_from(message.len()).unwrap();
    let three = [B(public.clone()), B(message.clone()), B(bls_sign(&key, &message))];
    own.add("message", function("verify(bytes,bytes,bytes)", three), price, truth(true));
    let two = [B(public), B(bls_possession(&key))];
    own.add("possession", function("popVerify(bytes,bytes)", two), 120_000, truth(true));

    let keys: Vec<SecretKey> = (10..13).map(bls_key).collect();
    let signatures: Vec<Vec<u8>> = keys.iter().map(|key| bls_sign(key, &hash)).collect();
    let points: Vec<_> = keys.iter().map(|key| key.sign(&hash, SIGNATURE_DST, &[])).collect();
    let sum = blst::min_pk::AggregateSignature::aggregate(&points.iter().collect::<Vec<_>>(), true).unwrap();
    let sum = sum.to_signature().to_bytes().to_vec();
    let mut own = Adding { all, row: aggregate, what: String::new() };
    own.add("raw", Form::Raw(signatures.concat()), 24_000, sum.clone().into());
    own.add("list", function("aggregate(bytes[])", [Argument::List(signatures)]), 24_000, abi::dynamic(&sum));
    let publics: Vec<_> = keys.iter().map(SecretKey::sk_to_pk).collect();
    let sum = blst::min_pk::AggregatePublicKey::aggregate(&publics.iter().collect::<Vec<_>>(), true).unwrap();
    let proved = keys.iter().flat_map(|key| [bls_public(key), bls_possession(key)]).collect::<Vec<_>>().concat();
    let answer = abi::dynamic(&sum.to_public_key().to_bytes());
    own.add("keys", function("aggregatePublicKeys(bytes)", [B(proved)]), 365_000, answer);
}

fn ballot_operations(all: &mut Vec<Operation>) {
    let mut own = Adding { all, row: row("governanceConfig"), what: String::new() };
    let domain = B256::repeat_byte(0x0d);
    let ballots: Vec<u8> =
        [(Dsa::MlDsa65, 0, true), (Dsa::MlDsa87, 1, true), (Dsa::MlDsa65, 2, false), (Dsa::MlDsa87, 3, true)]
            .into_iter()
            .flat_map(|(set, support, honest)| ballot(set, domain, support, honest))
            .collect();
    let price = 3_000 + 2 * 8_000 + 2 * 12_000;
    let form = function("verifyBallots(bytes32,bytes)", [W(domain.0), B(ballots)]);
    own.add("four ballots", form, price, abi::words(&[U256::from(0b0011)]));
    let form = function("verifyBallots(bytes32,bytes)", [W(domain.0), B(Vec::new())]);
    own.add("no ballots", form, 3_000, abi::words(&[U256::ZERO]));
}

/// As a voter makes it, or with a signature of another support.
pub(crate) fn ballot(set: Dsa, domain: B256, support: u8, honest: bool) -> Vec<u8> {
    let keys = mldsa::key_pair(set, &[support; 32]);
    let proposal = U256::from(7).to_be_bytes::<32>();
    let typehash = keccak256("Ballot(uint256 proposalId,uint8 support)");
    let signed = if honest { support } else { support ^ 1 };
    let ballot = keccak256([typehash.0, proposal, B256::with_last_byte(signed).0].concat());
    let message = keccak256([&[0x19, 1], domain.as_slice(), ballot.as_slice()].concat());
    let signature = mldsa::sign(set, &keys.secret_key, message.as_slice(), b"pars/vote/v1").unwrap();
    let suite = if set == Dsa::MlDsa65 { 0x65 } else { 0x87 };
    [&[suite][..], &proposal, &[support], &keys.public_key, &signature].concat()
}
