// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IBLSAggregate} from "../../../contracts/src/precompiles/IBLSAggregate.sol";

/// @title Calls the aggregation of BLS through its interface.
contract BLSAggregateCaller is IBLSAggregate {
    IBLSAggregate private immutable row;

    constructor(address at) {
        row = IBLSAggregate(at);
    }

    function aggregate(bytes[] calldata signatures) external view returns (bytes memory) {
        return row.aggregate(signatures);
    }

    function aggregatePublicKeys(bytes calldata keysWithProofs) external view returns (bytes memory) {
        return row.aggregatePublicKeys(keysWithProofs);
    }
}
