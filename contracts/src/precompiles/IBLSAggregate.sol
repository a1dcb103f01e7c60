// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IBLSAggregate
/// @notice Adds BLS signatures over BLS12-381, and keys whose possession is proved.
/// @dev Lives at 0x0000000000000000000000000000000000000B01. Its configuration key is blsConfig. Also at
/// 0x0300000000000000000000000000000000000022.
interface IBLSAggregate {
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

    /// @notice The sum of 1 to 1024 signatures.
    function aggregate(bytes[] calldata signatures) external view returns (bytes memory signature);

    /// @notice The sum of 1 to 128 keys, each of which stands before its proof of possession. Without proofs somebody
    /// could choose a key that cancels the others.
    function aggregatePublicKeys(bytes calldata keysWithProofs) external view returns (bytes memory publicKey);
}
