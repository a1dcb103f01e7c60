// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IFROST
/// @notice Verifies FROST threshold signatures, which are Schnorr signatures under the group's key. That t of n made
/// them cannot be proved and is not.
/// @dev Lives at 0x0000000000000000000000000000000000000802. Its configuration key is frostVerify. Also at
/// 0x020000000000000000000000000000000000000c, 0x0800000000000000000000000000000000000002.
interface IFROST {
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

    /// @notice Whether a hash was signed under a group's key as BIP-340 has it. Threshold and number of signers, at
    /// most 1024, only set the price.
    function verify(
        uint32 threshold,
        uint32 totalSigners,
        bytes32 publicKey,
        bytes32 messageHash,
        bytes calldata signature
    ) external view returns (bool valid);

    /// @notice Whether a message was signed: suite 0 as BIP-340 has it, suite 1 by FROST(Ed25519, SHA-512), suite 2 by
    /// FROST(secp256k1, SHA-256). Keys have 32, 32 and 33 bytes, signatures 64, 64 and 65.
    function verify(uint8 suite, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);
}
