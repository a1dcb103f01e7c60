// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IFROST} from "../../../contracts/src/precompiles/IFROST.sol";

/// @title Calls FROST through its interface.
contract FROSTCaller is IFROST {
    IFROST private immutable row;

    constructor(address at) {
        row = IFROST(at);
    }

    function verify(
        uint32 threshold,
        uint32 totalSigners,
        bytes32 publicKey,
        bytes32 messageHash,
        bytes calldata signature
    ) external view returns (bool) {
        return row.verify(threshold, totalSigners, publicKey, messageHash, signature);
    }

    function verify(uint8 suite, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.verify(suite, publicKey, message, signature);
    }
}
