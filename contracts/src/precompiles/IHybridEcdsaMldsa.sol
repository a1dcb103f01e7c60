// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IHybridEcdsaMldsa
/// @notice Verifies an ECDSA signature over secp256k1 and an ML-DSA signature of one message.
/// @dev Lives at 0x0000000000000000000000000000000000000611. Its configuration key is hybridVerify.
interface IHybridEcdsaMldsa {
    /// @notice There is no such function.
    error UnknownSelector();

    /// @notice The arguments do not decode, or a number among them has no meaning.
    error MalformedInput();

    /// @notice The function shows a secret to everybody, which this chain does not allow.
    error OnChainSecretsDisabled();

    /// @notice The function needs a seed: a chain has no randomness of its own.
    error SeedRequired();

    /// @notice The key, or the ciphertext for it, is none of its set.
    error InvalidKey();

    /// @notice Whether both keys signed T, which is the label pars/hybrid-ecdsa-mldsa/v1, the SHA3-256 of both keys,
    /// and the message: ECDSA over its Keccak-256 with a low s, ML-DSA with the label as context. An ECDSA key has 33
    /// or 65 bytes, its signature 64.
    function verifyEcdsaMldsa(
        bytes calldata ecdsaPublicKey,
        bytes calldata mldsaPublicKey,
        bytes calldata message,
        bytes calldata ecdsaSignature,
        bytes calldata mldsaSignature
    ) external view returns (bool valid);
}
