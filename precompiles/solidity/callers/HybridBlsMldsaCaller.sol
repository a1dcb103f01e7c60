// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IHybridBlsMldsa} from "../../../contracts/src/precompiles/IHybridBlsMldsa.sol";

/// @title Calls the hybrid of BLS and ML-DSA through its interface.
contract HybridBlsMldsaCaller is IHybridBlsMldsa {
    IHybridBlsMldsa private immutable row;

    constructor(address at) {
        row = IHybridBlsMldsa(at);
    }

    function verify(
        bytes calldata blsSignature,
        bytes calldata mldsaSignature,
        bytes32 hash,
        bytes calldata blsPublicKey,
        bytes calldata mldsaPublicKey
    ) external view returns (bool) {
        return row.verify(blsSignature, mldsaSignature, hash, blsPublicKey, mldsaPublicKey);
    }

    function verifyBlsMldsa(
        bytes calldata blsPublicKey,
        bytes calldata mldsaPublicKey,
        bytes calldata message,
        bytes calldata blsSignature,
        bytes calldata mldsaSignature
    ) external view returns (bool) {
        return row.verifyBlsMldsa(blsPublicKey, mldsaPublicKey, message, blsSignature, mldsaSignature);
    }
}
