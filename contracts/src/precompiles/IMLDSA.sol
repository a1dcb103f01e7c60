// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IMLDSA
/// @notice Verifies ML-DSA signatures (FIPS 204) of sets 44, 65 and 87.
/// @dev Lives at 0x0000000000000000000000000000000000000601. Its configuration key is mldsaVerify. Also at
/// 0x0000000000000000000000000000000000000602, 0x0000000000000000000000000000000000012201,
/// 0x0000000000000000000000000000000000012202, 0x0200000000000000000000000000000000000006.
interface IMLDSA {
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

    /// @notice Whether a message was signed with an empty context. The set is told by the key's length.
    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice Whether a message was signed with this context, which is at most 255 bytes long.
    function verifyWithContext(
        bytes calldata publicKey,
        bytes calldata message,
        bytes calldata signature,
        bytes calldata context
    ) external view returns (bool valid);

    /// @notice Which of 1 to 256 messages were signed: bit i for item i, the least significant first. Set 0x44, 0x65 or
    /// 0x87; an item is the public key, the signature, the message's length in four bytes, and the message.
    function verifyBatch(uint8 set, bytes calldata context, bytes calldata items) external view returns (uint256 valid);

    /// @notice The keys of a seed, of level 2, 3 or 5. Everybody sees the secret key: for development networks, off
    /// elsewhere.
    function keyGen(uint8 level, bytes32 seed) external view returns (bytes memory publicKey, bytes memory secretKey);

    /// @notice Signs without randomness and with an empty context. Everybody sees the secret key: for development
    /// networks, off elsewhere.
    function sign(bytes calldata secretKey, bytes calldata message) external view returns (bytes memory signature);

    /// @notice Reverts with SeedRequired: a chain has no randomness of its own.
    function keyGen(uint8 level) external view returns (bytes memory publicKey, bytes memory secretKey);
}
