//! That a worker's transactions are blocks: what writes to other servers commits there at once where there is none.

use std::path::PathBuf;
use std::process::Command;

use erp_sync_tests::cluster::{Cluster, Server};
use erp_sync_tests::shop::Shop;

/// As extensions ask that write to other servers.
const IS_BLOCK: &str = r#"
#include "postgres.h"
#include "fmgr.h"
#include "access/xact.h"
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(is_block);
Datum is_block(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(IsTransactionBlock()); }
"#;

fn library() -> PathBuf {
    let server = Server::required().expect("a server");
    let asked = Command::new(&server.pg_config).arg("--includedir-server").output().expect("its headers");
    let headers = String::from_utf8_lossy(&asked.stdout).trim().to_string();
    let folder = std::env::temp_dir();
    let name = format!("erp_sync_is_block_{}_{}", server.major, std::process::id());
    let (source, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    std::fs::write(&source, IS_BLOCK).expect("the source");
    let mut cc = Command::new("cc");
    cc.args(["-fPIC", "-shared", "-w", "-I", &headers, "-o"]).args([&library, &source]);
    assert!(cc.status().expect("a compiler").success());
    std::fs::remove_file(source).expect("the source goes");
    library
}

#[test]
fn rows_are_written_in_a_transaction_block() {
    let mut shop = Shop::open(Cluster::shared(), "block", "jsonrpc");
    let library = library();
    shop.run("select * from sync_run('currencies')");
    shop.admin
        .batch_execute(&format!(
            "create function is_block() returns boolean language c as '{}', 'is_block';
             create table erp.seen (is_block boolean); alter table erp.seen owner to shop;
             create function erp.look() returns trigger language plpgsql as
               $$begin insert into erp.seen values (public.is_block()); return null; end$$;
             create trigger look after update or delete on erp.currencies execute function erp.look()",
            library.display()
        ))
        .expect("a trigger that looks");
    shop.run("update erp.currencies set name = 'changed here' where id = 1; truncate erp.seen");
    shop.run("select * from sync_run('currencies', mode => 'full')");
    assert_eq!(shop.rows("select distinct is_block from erp.seen"), ["t"]);
    std::fs::remove_file(library).expect("the library goes");
}
