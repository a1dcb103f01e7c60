// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IMLDSA} from "../../contracts/src/precompiles/IMLDSA.sol";

/// @title An owner of a Safe who signs with ML-DSA-65.
/// @notice Has the functions of the published contract of this name, and calls ML-DSA as that does: by the ABI, at the
/// address that is fixed in it.
/// @dev The hash itself is signed, with an empty context: a Safe's hash names chain and Safe already.
contract SafeMLDSASigner {
    /// @dev An alias of 0x0601 that contracts of other chains have in their code.
    address private constant MLDSA = 0x0200000000000000000000000000000000000006;

    uint256 private constant KEY_BYTES = 1952;

    /// @notice The owner's public key.
    bytes public publicKey;

    /// @notice The key has another length.
    error InvalidPublicKeySize();

    constructor(bytes memory publicKey_) {
        if (publicKey_.length != KEY_BYTES) revert InvalidPublicKeySize();
        publicKey = publicKey_;
    }

    /// @notice An address made from the public key.
    function signer() external view returns (address) {
        return address(uint160(uint256(keccak256(publicKey))));
    }

    /// @notice ERC-1271: 0x1626ba7e where the owner signed a hash.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4 magic) {
        if (signed(hash, signature)) magic = 0x1626ba7e;
    }

    /// @notice The same as Safes up to 1.4 ask: 0x20c13b0b where the owner signed the Keccak-256 of some data.
    function isValidSignature(bytes calldata data, bytes calldata signature) external view returns (bytes4 magic) {
        if (signed(keccak256(data), signature)) magic = 0x20c13b0b;
    }

    function signed(bytes32 hash, bytes calldata signature) private view returns (bool) {
        return IMLDSA(MLDSA).verify(publicKey, abi.encodePacked(hash), signature);
    }
}
