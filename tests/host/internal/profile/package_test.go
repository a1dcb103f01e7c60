package profile

import "testing"

func TestPackageOfASymbol(t *testing.T) {
	for _, c := range []struct{ object, symbol, want string }{
		{"pars-vm", "pars_chain::chain::Chain::verify", "pars_chain"},
		{"pars-vm", "<pars_chain::state::overlay::Overlay as revm_database_interface::Database>::storage", "pars_chain"},
		{"pars-vm", "<alloc::vec::Vec<u8> as bytes::buf::buf_mut::BufMut>::put_slice", "bytes"},
		{"pars-vm", "core::ptr::drop_in_place<revm_context::tx::TxEnv>", "revm_context"},
		{"pars-vm", "alloc::collections::btree::map::BTreeMap<K,V,A>::entry", "std"},
		{"pars-vm", "<&mut T as core::fmt::Display>::fmt", "std"},
		{"pars-vm", "rocksdb::DBImpl::WriteImpl(rocksdb::WriteOptions const&)", "rocksdb"},
		{"pars-vm", "std::vector<rocksdb::Slice>::push_back", "rocksdb"},
		{"pars-vm", "rustsecp256k1_v0_10_0_fe_mul_inner", "secp256k1"},
		{"pars-vm", "_mi_page_malloc_zero", "mimalloc"},
		{"pars-vm", "__KeccakF1600", "keccak"},
		{"pars-vm", "0x00000000001f", "without a path"},
		{"libc.so.6", "__memmove_avx512_unaligned_erms", "libc"},
		{"[kernel.kallsyms]", "finish_task_switch.isra.0", "kernel"},
	} {
		if got := Package(c.object, c.symbol); got != c.want {
			t.Errorf("%s belongs to %s, want %s", c.symbol, got, c.want)
		}
	}
}

func TestReportIsRead(t *testing.T) {
	lines, err := parse("\n# comment\n 12 |pars-vm|[.] a::b\n3|libc.so.6 |[.] c  \n")
	if err != nil || len(lines) != 2 || lines[0].samples != 12 || lines[1].columns[1] != "[.] c" {
		t.Fatalf("got %v, %v", lines, err)
	}
	if _, err := parse("pars-vm|12"); err == nil {
		t.Fatal("a line without a number was accepted")
	}
}
