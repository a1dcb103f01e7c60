//! What holds for any bytes.

use alloy_primitives::{Address, B256, Bytes, U256};
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Gas, Predicate, Rows, Stop};
use pars_precompiles::predicate_results::Results;
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate;
use proptest::collection::vec;
use proptest::prelude::*;

/// Words that decoders stumble over.
fn word() -> impl Strategy<Value = B256> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(B256::from),
        (0_u64..300).prop_map(|small| B256::from(U256::from(small))),
        (0_usize..256).prop_map(|bit| B256::from(U256::ONE << bit)),
        Just(B256::repeat_byte(0xff)),
    ]
}

fn arguments() -> impl Strategy<Value = Vec<u8>> {
    (vec(word(), 0..12), vec(any::<u8>(), 0..32)).prop_map(|(words, tail)| [words.concat(), tail].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_panics_or_spends_more_than_it_has(
        selected in any::<prop::sample::Index>(),
        arguments in arguments(),
        limit in prop_oneof![Just(u64::MAX), 0_u64..300_000],
        (durango, granite, read_only) in any::<(bool, bool, bool)>(),
        role in 0_u8..5,
        chunks in vec(word(), 0..9),
    ) {
        let all: Vec<_> = TABLE
            .iter()
            .flat_map(|entry| entry.interface.iter().flat_map(move |part| part.functions.iter().map(move |one| (entry, one))))
            .collect();
        let (entry, function) = selected.get(&all);
        let caller = Address::repeat_byte(7);
        let before = Memory { storage: [(caller.into_word(), B256::with_last_byte(role))].into(), ..Memory::default() };
        let mut state = before.clone();
        let facts = Facts { number: 1, time: 1, durango, granite, network_id: 1, blockchain_id: B256::ZERO, rows: Rows::all(), ..Facts::default() };
        let input = [function.selector.as_slice(), &arguments].concat();
        let predicates = [Predicate { chunks, valid: true }];
        let mut call = Call {
            state: &mut state,
            facts: &facts,
            input: &input,
            at: entry.at,
            caller,
            read_only,
            gas: Gas::new(limit),
            predicates: &predicates,
        };
        let result = (entry.run)(&mut call);
        prop_assert!(call.gas.spent() <= limit);
        prop_assert!(!matches!(result, Err(Stop::Fatal(_))));
        prop_assert!(entry.pure || !matches!(result, Err(Stop::Revert(_))));
        if read_only || result.is_err() {
            prop_assert_eq!(state, before);
        }
    }

    #[test]
    fn bytes_that_decode_encode_to_themselves(bytes in vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let unsigned = Unsigned { network_id: 5, source_chain: B256::repeat_byte(1), payload: Bytes::from(bytes.clone()) };
        let message = Message { unsigned, signers: Bytes::from(bytes.clone()), signature: [3; 96] };
        let payload = Payload::AddressedCall { source: Bytes::from(bytes.clone()), content: Bytes::from(bytes) };
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message.clone()));
        prop_assert_eq!(Payload::decode(&payload.encode()), Ok(payload.clone()));
        let flipped = |mut bytes: Vec<u8>| {
            let place = flip.index(bytes.len());
            bytes[place] ^= 1 << bit;
            bytes
        };
        let other = flipped(message.encode());
        if let Ok(decoded) = Message::decode(&other) {
            prop_assert_eq!(decoded.encode(), other);
        }
        let other = flipped(payload.encode());
        if let Ok(decoded) = Payload::decode(&other) {
            prop_assert_eq!(decoded.encode(), other);
        }
    }

    #[test]
    fn any_bytes_ride_in_storage_keys(bytes in vec(any::<u8>(), 0..300)) {
        let keys = predicate::pack(&bytes);
        prop_assert_eq!(predicate::unpack(&keys), Ok(Bytes::from(bytes)));
    }

    #[test]
    fn keys_that_unpack_pack_to_themselves(keys in vec(word(), 0..6)) {
        if let Ok(bytes) = predicate::unpack(&keys) {
            prop_assert_eq!(predicate::pack(&bytes), keys);
        }
    }

    #[test]
    fn results_come_back(sets in vec((any::<[u8; 32]>(), vec((any::<[u8; 20]>(), vec(0_usize..70, 0..5)), 0..3)), 0..5)) {
        let results = Results(
            sets.into_iter()
                .map(|(transaction, rows)| {
                    let rows = rows.into_iter().map(|(row, failed)| (row.into(), failed.into_iter().collect()));
                    (transaction.into(), rows.collect())
                })
                .collect(),
        );
        let bytes = results.encode().expect("small");
        prop_assert_eq!(Results::decode(&bytes), Ok(results));
    }
}
