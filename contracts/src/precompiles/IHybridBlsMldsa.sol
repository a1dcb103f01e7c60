// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IHybridBlsMldsa
/// @notice Verifies a BLS signature and an ML-DSA signature of one message.
/// @dev Lives at 0x0000000000000000000000000000000000000610. Its configuration key is hybridVerify. Also at
/// 0x0300000000000000000000000000000000000024.
interface IHybridBlsMldsa {
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

    /// @notice Whether both keys signed the hash itself, ML-DSA-65 with an empty context. Neither signature says that
    /// it belongs to the other.
    function verify(
        bytes calldata blsSignature,
        bytes calldata mldsaSignature,
        bytes32 hash,
        bytes calldata blsPublicKey,
        bytes calldata mldsaPublicKey
    ) external view returns (bool valid);

    /// @notice Whether both keys signed T, which is the label pars/hybrid-bls-mldsa/v1, the SHA3-256 of both keys, and
    /// the message; ML-DSA with the label as context. The set is told by the key's length.
    function verifyBlsMldsa(
        bytes calldata blsPublicKey,
        bytes calldata mldsaPublicKey,
        bytes calldata message,
        bytes calldata blsSignature,
        bytes calldata mldsaSignature
    ) external view returns (bool valid);
}
