// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The raw forms, as published libraries pack them.
/// @notice Each function packs its arguments and calls an address that contracts of other chains have in their code.
/// New contracts take the interfaces and Addresses.sol instead.
contract PublishedForms {
    address private constant MLDSA = 0x0200000000000000000000000000000000000006;
    address private constant MLKEM = 0x0200000000000000000000000000000000000007;
    address private constant PQ_CRYPTO = 0x0200000000000000000000000000000000000008;
    address private constant SLHDSA = 0x0600000000000000000000000000000000000001;
    address private constant FROST = 0x020000000000000000000000000000000000000c;
    address private constant CGGMP21 = 0x020000000000000000000000000000000000000D;
    address private constant BLS = 0x0300000000000000000000000000000000000021;
    address private constant BLS_AGGREGATE = 0x0300000000000000000000000000000000000022;
    address private constant HYBRID_BLS_MLDSA = 0x0300000000000000000000000000000000000024;

    /// @notice The precompile failed, without a reason: the bytes are not of its layout.
    error Failed(address at);

    /// @notice ML-DSA of mode 0x44, 0x65 or 0x87.
    function mldsa(uint8 mode, bytes calldata key, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(MLDSA, abi.encodePacked(mode, key, message.length, signature, message));
    }

    /// @notice ML-KEM of mode 0, 1 or 2: ciphertext and secret.
    function encapsulate(uint8 mode, bytes calldata key) external view returns (bytes memory) {
        return ask(MLKEM, abi.encodePacked(uint8(1), mode, key));
    }

    /// @notice ML-KEM of mode 0, 1 or 2: the secret. For development networks, off elsewhere.
    function decapsulate(uint8 mode, bytes calldata key, bytes calldata ciphertext)
        external
        view
        returns (bytes memory)
    {
        return ask(MLKEM, abi.encodePacked(uint8(2), mode, key, ciphertext));
    }

    /// @notice SLH-DSA of mode 0x00 to 0x05 or 0x10 to 0x15.
    function slhdsa(uint8 mode, bytes calldata key, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(SLHDSA, packed(mode, key, message, signature));
    }

    /// @notice ML-DSA at the address of several algorithms.
    function mlds(uint8 mode, bytes calldata key, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(PQ_CRYPTO, abi.encodePacked("mlds", packed(mode, key, message, signature)));
    }

    /// @notice SLH-DSA at that address.
    function slhs(uint8 mode, bytes calldata key, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(PQ_CRYPTO, abi.encodePacked("slhs", packed(mode, key, message, signature)));
    }

    /// @notice ML-KEM at that address.
    function encp(uint8 mode, bytes calldata key) external view returns (bytes memory) {
        return ask(PQ_CRYPTO, abi.encodePacked("encp", mode, key));
    }

    /// @notice ML-KEM at that address. For development networks, off elsewhere.
    function decp(uint8 mode, bytes calldata key, bytes calldata ciphertext) external view returns (bytes memory) {
        return ask(PQ_CRYPTO, abi.encodePacked("decp", mode, key, ciphertext));
    }

    /// @notice FROST: a signature of BIP-340 under the group's key.
    function frost(uint32 threshold, uint32 signers, bytes32 key, bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(FROST, abi.encodePacked(threshold, signers, key, hash, signature));
    }

    /// @notice CGGMP21: a signature of ECDSA under the group's key.
    function cggmp21(uint32 threshold, uint32 signers, bytes calldata key, bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes memory)
    {
        return ask(CGGMP21, abi.encodePacked(threshold, signers, key, hash, signature));
    }

    /// @notice BLS.
    function bls(bytes calldata key, bytes32 hash, bytes calldata signature) external view returns (bytes memory) {
        return ask(BLS, abi.encodePacked(key, hash, signature));
    }

    /// @notice The sum of BLS signatures, which stand one behind the other.
    function blsAggregate(bytes calldata signatures) external view returns (bytes memory) {
        return ask(BLS_AGGREGATE, signatures);
    }

    /// @notice BLS and ML-DSA-65 of one hash.
    function blsMldsa(
        bytes calldata blsSignature,
        bytes calldata mldsaSignature,
        bytes32 hash,
        bytes calldata blsKey,
        bytes calldata mldsaKey
    ) external view returns (bytes memory) {
        bytes memory signatures = abi.encodePacked(blsSignature, uint16(mldsaSignature.length), mldsaSignature);
        return ask(HYBRID_BLS_MLDSA, abi.encodePacked(signatures, hash, blsKey, mldsaKey));
    }

    function packed(uint8 mode, bytes calldata key, bytes calldata message, bytes calldata signature)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(mode, uint16(key.length), key, uint16(message.length), message, signature);
    }

    function ask(address at, bytes memory input) private view returns (bytes memory) {
        (bool success, bytes memory answer) = at.staticcall(input);
        if (!success) revert Failed(at);
        return answer;
    }
}
