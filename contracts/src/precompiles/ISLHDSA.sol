// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title ISLHDSA
/// @notice Verifies SLH-DSA signatures (FIPS 205) of all twelve sets.
/// @dev Lives at 0x0000000000000000000000000000000000000604. Its configuration key is slhdsaVerify. Also at
/// 0x0000000000000000000000000000000000012203, 0x0200000000000000000000000000000000000009,
/// 0x0600000000000000000000000000000000000001.
interface ISLHDSA {
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

    /// @notice Whether a message was signed with an empty context by a set of SHA-2, which is told by the lengths of
    /// key and signature.
    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice Whether a message was signed with an empty context. Sets 0x00 to 0x05 are SHA2-128s, 128f, 192s, 192f,
    /// 256s and 256f, sets 0x10 to 0x15 the same of SHAKE.
    function slhdsaVerify(uint8 set, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice The same with a context, which is at most 255 bytes long.
    function verifyWithContext(
        uint8 set,
        bytes calldata publicKey,
        bytes calldata message,
        bytes calldata signature,
        bytes calldata context
    ) external view returns (bool valid);
}
