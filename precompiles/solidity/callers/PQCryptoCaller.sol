// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPQCrypto} from "../../../contracts/src/precompiles/IPQCrypto.sol";

/// @title Calls the post-quantum algorithms at one address through their interface.
contract PQCryptoCaller is IPQCrypto {
    IPQCrypto private immutable row;

    constructor(address at) {
        row = IPQCrypto(at);
    }

    function mldsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.mldsaVerify(mode, publicKey, message, signature);
    }

    function mlkemEncapsulate(uint8 mode, bytes calldata encapsulationKey)
        external
        view
        returns (bytes memory, bytes memory)
    {
        return row.mlkemEncapsulate(mode, encapsulationKey);
    }

    function mlkemDecapsulate(uint8 mode, bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes memory)
    {
        return row.mlkemDecapsulate(mode, decapsulationKey, ciphertext);
    }

    function slhdsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.slhdsaVerify(mode, publicKey, message, signature);
    }
}
