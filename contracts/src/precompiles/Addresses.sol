// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title Addresses
/// @notice Where the precompiles live.
library Addresses {
    /// @dev Verifies ML-DSA and SLH-DSA signatures and encapsulates for ML-KEM keys, at one address. Also at
    /// 0x0000000000000000000000000000000000009003, 0x0200000000000000000000000000000000000008.
    address internal constant PQ_CRYPTO = 0x0000000000000000000000000000000000000600;

    /// @dev Verifies ML-DSA signatures (FIPS 204) of sets 44, 65 and 87. Also at
    /// 0x0000000000000000000000000000000000000602, 0x0000000000000000000000000000000000012201,
    /// 0x0000000000000000000000000000000000012202, 0x0200000000000000000000000000000000000006.
    address internal constant MLDSA = 0x0000000000000000000000000000000000000601;

    /// @dev Encapsulates secrets for ML-KEM keys (FIPS 203) of sets 512, 768 and 1024. Everybody sees them. Also at
    /// 0x0200000000000000000000000000000000000007.
    address internal constant MLKEM = 0x0000000000000000000000000000000000000603;

    /// @dev Verifies SLH-DSA signatures (FIPS 205) of all twelve sets. Also at
    /// 0x0000000000000000000000000000000000012203, 0x0200000000000000000000000000000000000009,
    /// 0x0600000000000000000000000000000000000001.
    address internal constant SLHDSA = 0x0000000000000000000000000000000000000604;

    /// @dev Verifies a BLS signature and an ML-DSA signature of one message. Also at
    /// 0x0300000000000000000000000000000000000024.
    address internal constant HYBRID_BLS_MLDSA = 0x0000000000000000000000000000000000000610;

    /// @dev Verifies an ECDSA signature over secp256k1 and an ML-DSA signature of one message.
    address internal constant HYBRID_ECDSA_MLDSA = 0x0000000000000000000000000000000000000611;

    /// @dev Verifies ML-DSA-44 signatures in the layout of EIP-8355.
    address internal constant MLDSA44_EIP8355 = 0x0000000000000000000000000000000000000612;

    /// @dev Verifies ML-DSA-65 signatures in the layout of EIP-8355.
    address internal constant MLDSA65_EIP8355 = 0x0000000000000000000000000000000000000613;

    /// @dev Verifies ML-DSA-87 signatures in the layout of EIP-8355.
    address internal constant MLDSA87_EIP8355 = 0x0000000000000000000000000000000000000614;

    /// @dev Verifies FROST threshold signatures, which are Schnorr signatures under the group's key. That t of n made
    /// them cannot be proved and is not. Also at 0x020000000000000000000000000000000000000c,
    /// 0x0800000000000000000000000000000000000002.
    address internal constant FROST = 0x0000000000000000000000000000000000000802;

    /// @dev Verifies CGGMP21 threshold signatures, which are ECDSA signatures over secp256k1. That t of n made them
    /// cannot be proved and is not. Also at 0x020000000000000000000000000000000000000D,
    /// 0x0800000000000000000000000000000000000003.
    address internal constant CGGMP21 = 0x0000000000000000000000000000000000000803;

    /// @dev Verifies ballots that were signed with ML-DSA. Who may vote, and how often, is the calling contract's
    /// affair.
    address internal constant BALLOTS = 0x0000000000000000000000000000000000000a01;

    /// @dev Verifies BLS signatures over BLS12-381 and proofs of possession of their keys. Also at
    /// 0x0300000000000000000000000000000000000021.
    address internal constant BLS = 0x0000000000000000000000000000000000000B00;

    /// @dev Adds BLS signatures over BLS12-381, and keys whose possession is proved. Also at
    /// 0x0300000000000000000000000000000000000022.
    address internal constant BLS_AGGREGATE = 0x0000000000000000000000000000000000000B01;

    /// @dev Who may deploy contracts.
    address internal constant DEPLOYER_ALLOW_LIST = 0x0200000000000000000000000000000000000000;

    /// @dev Creates coins.
    address internal constant NATIVE_MINTER = 0x0200000000000000000000000000000000000001;

    /// @dev Who may send transactions.
    address internal constant TX_ALLOW_LIST = 0x0200000000000000000000000000000000000002;

    /// @dev The fee configuration of the chain. A change takes effect from the next block on.
    address internal constant FEE_MANAGER = 0x0200000000000000000000000000000000000003;

    /// @dev Who receives the fees of a block. A change takes effect from the next block on.
    address internal constant REWARD_MANAGER = 0x0200000000000000000000000000000000000004;

    /// @dev Messages between chains, signed by validators.
    address internal constant WARP_MESSENGER = 0x0200000000000000000000000000000000000005;
}
