// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICGGMP21} from "../../../contracts/src/precompiles/ICGGMP21.sol";

/// @title Calls CGGMP21 through its interface.
contract CGGMP21Caller is ICGGMP21 {
    ICGGMP21 private immutable row;

    constructor(address at) {
        row = ICGGMP21(at);
    }

    function verify(
        uint32 threshold,
        uint32 totalSigners,
        bytes calldata publicKey,
        bytes32 messageHash,
        bytes calldata signature
    ) external view returns (bool) {
        return row.verify(threshold, totalSigners, publicKey, messageHash, signature);
    }
}
