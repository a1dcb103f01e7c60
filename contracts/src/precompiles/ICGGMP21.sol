// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title ICGGMP21
/// @notice Verifies CGGMP21 threshold signatures, which are ECDSA signatures over secp256k1. That t of n made them
/// cannot be proved and is not.
/// @dev Lives at 0x0000000000000000000000000000000000000803. Its configuration key is cggmp21Verify. Also at
/// 0x020000000000000000000000000000000000000D, 0x0800000000000000000000000000000000000003.
interface ICGGMP21 {
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

    /// @notice Whether a hash was signed under a group's key: 65 bytes that begin with 0x04, and r, s and v of which s
    /// is low and v recovers the key. Threshold and number of signers, at most 1024, only set the price.
    function verify(
        uint32 threshold,
        uint32 totalSigners,
        bytes calldata publicKey,
        bytes32 messageHash,
        bytes calldata signature
    ) external view returns (bool valid);
}
