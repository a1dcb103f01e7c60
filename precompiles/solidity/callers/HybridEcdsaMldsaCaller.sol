// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IHybridEcdsaMldsa} from "../../../contracts/src/precompiles/IHybridEcdsaMldsa.sol";

/// @title Calls the hybrid of ECDSA and ML-DSA through its interface.
contract HybridEcdsaMldsaCaller is IHybridEcdsaMldsa {
    IHybridEcdsaMldsa private immutable row;

    constructor(address at) {
        row = IHybridEcdsaMldsa(at);
    }

    function verifyEcdsaMldsa(
        bytes calldata ecdsaPublicKey,
        bytes calldata mldsaPublicKey,
        bytes calldata message,
        bytes calldata ecdsaSignature,
        bytes calldata mldsaSignature
    ) external view returns (bool) {
        return row.verifyEcdsaMldsa(ecdsaPublicKey, mldsaPublicKey, message, ecdsaSignature, mldsaSignature);
    }
}
