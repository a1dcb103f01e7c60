"""web3.py: HTTP with batches and filters, and WebSocket with subscriptions."""

import asyncio
import json
import os
import time
import traceback
from functools import partial
from pathlib import Path

import rlp
from eth_account import Account
from eth_utils.abi import filter_abi_by_type, function_abi_to_4byte_selector
from hexbytes import HexBytes
from web3 import AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import ContractCustomError, TransactionNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.utils.subscriptions import LogsSubscription, NewHeadsSubscription, PendingTxSubscription

FOLDER = Path(__file__).parent.parent
CHAIN_ID = 1337
COIN = 10**18
SUPPLY = 1_000_000 * COIN
ZERO = "0x" + "00" * 20
PEER = os.environ.get("RPC_PEER") == "1"


def read(name):
    return json.loads((FOLDER / name).read_text())


votes = read("artifacts/Votes.json")
w3 = Web3(HTTPProvider(os.environ["RPC_HTTP"]))
# The header's extraData has 80 bytes or more, as on every chain with a fee window in it: web3.py wants to be told that
# more than 32 are meant.
w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
account = Account.from_key(read("lib/keys.json")["web3.py"])
other = Account.create().address


class Round:
    """A method a step, under its name with _ for -; where there is none, a text says why."""

    latency = "measured with viem and cast"

    def connect(self):
        assert w3.is_connected()
        assert w3.eth.chain_id == CHAIN_ID and w3.net.version == str(CHAIN_ID) and w3.net.listening
        assert w3.eth.get_balance(account.address) > 1_000 * COIN
        assert PEER or w3.eth.accounts == []
        assert w3.eth.syncing is False
        return w3.client_version

    def deploy(self):
        factory = w3.eth.contract(abi=votes["abi"], bytecode=votes["bytecode"])
        receipt = send(factory.constructor("web3.py", account.address, SUPPLY))
        assert receipt.status == 1
        self.created = receipt.blockNumber
        self.token = w3.eth.contract(address=receipt.contractAddress, abi=votes["abi"])
        assert self.token.functions.name().call() == "web3.py"

    def write(self):
        moved = self.transfer(COIN)
        (event,) = self.token.events.Transfer().process_receipt(moved)
        equal(dict(event.args), {"from": account.address, "to": other, "value": COIN})
        self.written = send(self.token.functions.delegate(account.address))
        equal(len(self.written.logs), 2)
        found = w3.eth.get_transaction(self.written.transactionHash)
        equal((found.blockHash, found.type), (self.written.blockHash, 2))
        block = w3.eth.get_block(self.written.blockHash, full_transactions=True)
        equal(block.transactions[found.transactionIndex].hash, found.hash)
        equal(w3.eth.get_block_receipts(block.number)[found.transactionIndex].transactionHash, found.hash)

    def read(self):
        equal(self.token.functions.getVotes(account.address).call(), SUPPLY - COIN)
        equal(self.token.functions.balanceOf(other).call(), COIN)

    def past(self):
        self.transfer(1)
        before, at = self.written.blockNumber - 1, self.written.blockNumber
        voting = self.token.functions.getVotes(account.address)
        equal(voting.call(block_identifier=before), 0)
        equal(voting.call(block_identifier=self.written.blockHash), SUPPLY - COIN)
        equal(self.token.functions.getPastVotes(account.address, at).call(), SUPPLY - COIN)
        equal(w3.eth.get_code(self.token.address, self.created - 1), b"")
        assert w3.eth.get_balance(account.address, before) > w3.eth.get_balance(account.address)

    def events(self):
        event = self.token.events.Transfer
        equal([log.args.value for log in event.get_logs(from_block=self.created)], [SUPPLY, COIN, 1])
        mine = event.get_logs(from_block=self.created, argument_filters={"from": account.address})
        equal([log.args.value for log in mine], [COIN, 1])
        one = w3.eth.get_logs({"blockHash": self.written.blockHash, "address": self.token.address})
        equal([log.logIndex for log in one], [0, 1])

    def follow_ws(self):
        asyncio.run(self.subscribe())

    async def subscribe(self):
        heads, values, pending = [], [], []

        async def head(context):
            # web3.py knows a head by its fields, and does not know one that has three more than those of Ethereum.
            number = context.result["number"]
            heads.append(number if isinstance(number, int) else int(number, 16))

        async def log(context):
            values.append(int.from_bytes(context.result.data, "big"))

        async def seen(context):
            pending.append(HexBytes(context.result))

        async with AsyncWeb3(WebSocketProvider(os.environ["RPC_WS"])) as socket:
            topic = Web3.keccak(text="Transfer(address,address,uint256)")
            await socket.subscription_manager.subscribe(
                [
                    NewHeadsSubscription(handler=head),
                    LogsSubscription(address=self.token.address, topics=[topic], handler=log),
                    PendingTxSubscription(handler=seen),
                ]
            )
            handling = asyncio.create_task(socket.subscription_manager.handle_subscriptions())
            sent = [await asyncio.to_thread(self.transfer, value) for value in (11, 12, 13)]
            end = time.monotonic() + 15
            while len(values) < 3 or len(pending) < 3 or sent[2].blockNumber not in heads:
                assert not handling.done() and time.monotonic() < end, (heads, values, pending)
                await asyncio.sleep(0.01)
            assert await socket.subscription_manager.unsubscribe_all()
            # It ends with the last subscription, or with the error of a handler.
            await handling
        self.followed(sent, heads, values, pending)

    def follow_http(self):
        watching = self.token.events.Transfer.create_filter(
            from_block="latest", argument_filters={"from": account.address}
        )
        blocks, waiting = w3.eth.filter("latest"), w3.eth.filter("pending")
        watching.get_new_entries()
        values, hashes, pending = [], [], []
        sent = [self.transfer(value) for value in (11, 12, 13)]
        end = time.monotonic() + 15
        while len(values) < 3 or len(pending) < 3 or sent[2].blockHash not in hashes:
            assert time.monotonic() < end, (values, hashes, pending)
            values += [log.args.value for log in watching.get_new_entries()]
            hashes += blocks.get_new_entries()
            pending += waiting.get_new_entries()
        self.followed(sent, [w3.eth.get_block(hash).number for hash in hashes], values, pending)
        assert all(w3.eth.uninstall_filter(each.filter_id) for each in (watching, blocks, waiting))

    def revert_call(self):
        owned = self.token.functions.balanceOf(account.address).call()
        call = self.token.functions.transfer(other, SUPPLY * 2)
        equal(
            self.reverts(lambda: call.call({"from": account.address})),
            ("InsufficientBalance", {"account": account.address, "balance": owned, "needed": SUPPLY * 2}),
        )
        name, found = self.reverts(lambda: self.token.functions.getPastVotes(account.address, 10**9).call())
        equal((name, found["wanted"]), ("FutureLookup", 10**9))

    def revert_estimate(self):
        call = self.token.functions.transfer(ZERO, 1)
        wanted = ("InvalidReceiver", {"receiver": ZERO})
        equal(self.reverts(lambda: call.estimate_gas({"from": account.address})), wanted)
        # Without a gas limit a transaction is estimated first.
        equal(self.reverts(lambda: send(call)), wanted)

    def fees(self):
        price, tip = w3.eth.gas_price, w3.eth.max_priority_fee
        history = w3.eth.fee_history(4, "latest", [10, 50])
        equal(len(history.baseFeePerGas), len(history.gasUsedRatio) + 1)
        assert price >= history.baseFeePerGas[-1], (price, history.baseFeePerGas)
        return f"price {price} wei, tip {tip} wei"

    def type_0(self):
        self.sent(0, {"gasPrice": w3.eth.gas_price})

    def type_1(self):
        access = [{"address": self.token.address, "storageKeys": ["0x" + "00" * 32]}]
        self.sent(1, {"gasPrice": w3.eth.gas_price, "accessList": access, "type": 1})

    def type_2(self):
        tip = w3.eth.max_priority_fee
        base = w3.eth.fee_history(1, "latest").baseFeePerGas[-1]
        self.sent(2, {"maxFeePerGas": base + tip, "maxPriorityFeePerGas": tip})

    def finality(self):
        self.transfer(1)
        latest, finalized, safe = (w3.eth.get_block(tag) for tag in ("latest", "finalized", "safe"))
        assert finalized.number <= safe.number <= latest.number
        assert PEER or finalized.hash == safe.hash == latest.hash
        return f"{latest.number - finalized.number} behind"

    def proof(self):
        # `balanceOf` lies in slot 1.
        slot = Web3.solidity_keccak(["uint256", "uint256"], [int(account.address, 16), 1])
        block = w3.eth.get_block("latest")
        proof = w3.eth.get_proof(self.token.address, [slot], block.number)
        check_proof(block.stateRoot, proof)
        owned = self.token.functions.balanceOf(account.address).call()
        equal(int.from_bytes(proof.storageProof[0].value, "big"), owned)
        equal(int.from_bytes(w3.eth.get_storage_at(self.token.address, int.from_bytes(slot, "big")), "big"), owned)

    def failed(self):
        receipt = send(self.token.functions.transfer(other, SUPPLY * 2), {"gas": 100_000})
        equal((receipt.status, receipt.logs, receipt.to), (0, [], self.token.address))

    def nonces(self):
        nonce = count("latest")
        tip = w3.eth.max_priority_fee
        fees = {"maxFeePerGas": w3.eth.gas_price * 2, "maxPriorityFeePerGas": tip}
        ahead = submit(plain(nonce + 1, 1, fees))
        equal(count("pending"), nonce)
        equal(w3.eth.get_transaction(ahead).get("blockNumber"), None)
        refused("replacement transaction underpriced", plain(nonce + 1, 2, fees))
        dearer = {"maxFeePerGas": fees["maxFeePerGas"] * 2, "maxPriorityFeePerGas": tip * 2 + 1}
        second = submit(plain(nonce + 1, 3, dearer))
        mined(submit(plain(nonce, 1, fees)))
        mined(second)
        equal((count("pending"), count("latest")), (nonce + 2, nonce + 2))
        raises(TransactionNotFound, lambda: w3.eth.get_transaction(ahead))

    def refusals(self):
        nonce = count("latest")
        fees = {"maxFeePerGas": w3.eth.gas_price * 2, "maxPriorityFeePerGas": 1}
        refused("nonce too low", plain(nonce - 1, 1, fees))
        refused("insufficient funds", plain(0, 1, fees), Account.create())
        refused("intrinsic gas too low", plain(nonce, 1, fees) | {"gas": 20_999})
        equal(count("latest"), nonce)

    def absent(self):
        head = w3.eth.block_number
        with w3.batch_requests() as batch:
            for at in range(60):
                batch.add(w3.eth.get_block(head - at % 5))
            equal([block.number for block in batch.execute()], [head - at % 5 for at in range(60)])
        equal(w3.provider.make_request("pars_absent", [])["error"]["code"], -32601)

    def transfer(self, value):
        receipt = send(self.token.functions.transfer(other, value))
        equal(receipt.status, 1)
        return receipt

    def followed(self, sent, heads, values, pending):
        """Each of three transfers once, in order, with every block between them."""
        equal(values, [11, 12, 13])
        equal(heads, list(range(heads[0], heads[0] + len(heads))))
        assert {receipt.blockNumber for receipt in sent} <= set(heads), heads
        equal(pending, [receipt.transactionHash for receipt in sent])

    def reverts(self, call):
        """Name and arguments of the error that a call ends with."""
        return decoded(raises(ContractCustomError, call))

    def sent(self, kind, fees):
        """Sends coins with these fees and checks what they cost."""
        before = w3.eth.get_balance(account.address)
        gas = w3.eth.estimate_gas({"from": account.address, "to": other, "value": 5} | fees)
        receipt = mined(submit(plain(count("latest"), 5, fees) | {"gas": gas}))
        equal((receipt.status, receipt.type), (1, kind))
        base = w3.eth.get_block(receipt.blockHash).baseFeePerGas
        price = fees.get("gasPrice") or min(fees["maxFeePerGas"], base + fees["maxPriorityFeePerGas"])
        equal(receipt.effectiveGasPrice, price)
        equal(w3.eth.get_balance(account.address), before - 5 - receipt.gasUsed * price)


def check_proof(state_root, proof):
    """The account and its slots are what the root commits to."""
    fields = [proof.nonce, proof.balance, proof.storageHash, proof.codeHash]
    equal(proved(state_root, HexBytes(proof.address), proof.accountProof), rlp.encode(fields))
    for slot in proof.storageProof:
        found = proved(proof.storageHash, slot.key.rjust(32, b"\0"), slot.proof)
        equal(found and rlp.decode(found), slot.value.lstrip(b"\0") or None)


def proved(root, key, nodes):
    """What nodes say of a key, once each of them has shown that it is not passed over: changed, it is refused."""
    path = Web3.keccak(key)
    for at, node in enumerate(nodes):
        wrong = [*nodes[:at], node[:-1] + bytes([node[-1] ^ 1]), *nodes[at + 1 :]]
        raises(AssertionError, partial(lookup, root, path, wrong))
    return lookup(root, path, nodes)


def lookup(root, path, nodes):
    """The value that a trie holds at a path, or None where the nodes prove that it holds none."""
    nibbles, nodes, wanted = path.hex(), list(nodes), root
    if not nodes:
        equal(wanted, Web3.keccak(rlp.encode(b"")))
        return None
    while True:
        if isinstance(wanted, list):
            node = wanted  # Shorter than a hash, it lies in its parent.
        else:
            taken = nodes.pop(0)
            equal(Web3.keccak(taken), wanted)
            node = rlp.decode(taken)
        if len(node) == 17:
            wanted, nibbles = node[int(nibbles[0], 16)], nibbles[1:]
        else:
            flag, part = int(node[0].hex()[0], 16), node[0].hex()
            part = part[1:] if flag % 2 else part[2:]
            if not nibbles.startswith(part):
                wanted = b""
            elif flag >= 2:
                equal(nodes, [])
                return node[1]
            else:
                wanted, nibbles = node[1], nibbles[len(part) :]
        if wanted == b"":
            equal(nodes, [])
            return None


def decoded(error):
    """An error of the ABI out of its bytes."""
    selector, data = HexBytes(error.data)[:4], HexBytes(error.data)[4:]
    (abi,) = (
        item for item in filter_abi_by_type("error", votes["abi"]) if function_abi_to_4byte_selector(item) == selector
    )
    types = [part["type"] for part in abi["inputs"]]
    values = w3.codec.decode(types, data)
    shown = [
        Web3.to_checksum_address(value) if kind == "address" else value
        for kind, value in zip(types, values, strict=True)
    ]
    return abi["name"], dict(zip((part["name"] for part in abi["inputs"]), shown, strict=True))


def count(tag):
    return w3.eth.get_transaction_count(account.address, tag)


def plain(nonce, value, fees):
    return {"to": other, "value": value, "gas": 21_000, "nonce": nonce, "chainId": CHAIN_ID} | fees


def submit(transaction, signer=account):
    return w3.eth.send_raw_transaction(signer.sign_transaction(transaction).raw_transaction)


def mined(hash):
    return w3.eth.wait_for_transaction_receipt(hash, timeout=20, poll_latency=0.02)


def send(call, options=None):
    """Fees, gas and nonce as web3.py chooses them."""
    options = {"from": account.address, "nonce": count("pending")} | (options or {})
    return mined(submit(call.build_transaction(options)))


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def refused(text, transaction, signer=account):
    error = raises(Web3RPCError, lambda: submit(transaction, signer))
    assert text in error.rpc_response["error"]["message"].lower(), error


def equal(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def main():
    steps, made, failed = read("lib/steps.json"), Round(), 0
    for step in steps:
        run = getattr(made, step.replace("-", "_"))
        line = {"step": step}
        if isinstance(run, str):
            line["skipped"] = run
        else:
            start = time.monotonic()
            try:
                line["note"] = run()
                line["ms"] = round((time.monotonic() - start) * 1000)
            except Exception:  # Whatever it is, it belongs to this step, and the others go on.
                failed += 1
                line = {"step": step, "error": traceback.format_exc(limit=-3)}
        print(json.dumps({key: value for key, value in line.items() if value is not None}), flush=True)
    raise SystemExit(1 if failed else 0)


main()
