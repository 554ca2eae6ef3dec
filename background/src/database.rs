//! IndexedDB, as much of it as the worker needs. A write resolves when its transaction is complete, so that it outlasts
//! a kill of the worker.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use fluence::ports::StoreError;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction,
    IdbTransactionMode,
};

/// The database's name.
pub const NAME: &str = "fluence";
/// The version of its shape.
const VERSION: u32 = 2;

/// What was written of a file, in pieces: `id:number` to `{offset, len, blocks}`. The bytes are in the file system.
pub const EXTENTS: &str = "extents";
/// The DAGs of whole files: `id` to bytes.
pub const DAGS: &str = "dags";
/// Events since the snapshot: `seq` to JSON.
pub const JOURNAL: &str = "journal";
/// The snapshot of the state, and the identity.
pub const META: &str = "meta";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = indexedDB, thread_local_v2)]
    static INDEXED_DB: Option<IdbFactory>;
}

/// The database. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Database(Rc<Connection>);

/// The connection, which the browser closes by itself where a write meets a full disk, or a person clears the browser's
/// data: the next who needs it opens it anew.
struct Connection {
    open: RefCell<Option<IdbDatabase>>,
    /// What the browser calls when it has closed it.
    closed: Closure<dyn FnMut()>,
}

impl Database {
    /// Opens it, and makes it where it is not there.
    pub async fn open() -> Result<Self, StoreError> {
        let connection = Rc::new_cyclic(|weak: &Weak<Connection>| {
            let weak = weak.clone();
            Connection {
                open: RefCell::new(None),
                closed: Closure::new(move || {
                    if let Some(connection) = weak.upgrade() {
                        connection.open.take();
                    }
                }),
            }
        });
        connection.opened().await?;
        Ok(Self(connection))
    }

    /// Closes the connection, as the browser may do at any time.
    pub fn close(&self) {
        if let Some(database) = &*self.0.open.borrow() {
            database.close();
        }
    }

    /// Runs the requests of one transaction; when it returns they are all done, or none is.
    pub async fn write(
        &self,
        stores: &[&str],
        requests: impl FnOnce(&IdbTransaction) -> Result<(), JsValue>,
    ) -> Result<(), StoreError> {
        let transaction = self
            .transaction(stores, IdbTransactionMode::Readwrite)
            .await?;
        let ended = Promise::new(&mut |resolve, reject| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&reject));
        });
        if let Err(why) = requests(&transaction) {
            // What was asked so far must not happen by halves; it is over already where this fails.
            let _ = transaction.abort();
            let _ = JsFuture::from(ended).await;
            return Err(error(why));
        }
        match JsFuture::from(ended).await {
            Ok(_) => Ok(()),
            Err(_) => Err(of_exception(transaction.error())),
        }
    }

    /// Runs one reading request.
    pub async fn read(
        &self,
        store: &str,
        request: impl FnOnce(&IdbObjectStore) -> Result<IdbRequest, JsValue>,
    ) -> Result<JsValue, StoreError> {
        let transaction = self
            .transaction(&[store], IdbTransactionMode::Readonly)
            .await?;
        let request = transaction
            .object_store(store)
            .and_then(|store| request(&store))
            .map_err(error)?;
        done(&request).await
    }

    /// The value under a key; `undefined` where there is none.
    pub async fn get(&self, store: &str, key: &JsValue) -> Result<JsValue, StoreError> {
        self.read(store, |store| store.get(key)).await
    }

    /// A transaction that has no request yet. A connection is only known to be closed when it is used.
    async fn transaction(
        &self,
        stores: &[&str],
        mode: IdbTransactionMode,
    ) -> Result<IdbTransaction, StoreError> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let begin =
            |database: IdbDatabase| database.transaction_with_str_sequence_and_mode(&names, mode);
        match begin(self.0.opened().await?) {
            Err(why) if is_closed(&why) => {
                self.0.forget();
                begin(self.0.opened().await?).map_err(error)
            }
            begun => begun.map_err(error),
        }
    }
}

impl Connection {
    async fn opened(&self) -> Result<IdbDatabase, StoreError> {
        if let Some(open) = &*self.open.borrow() {
            return Ok(open.clone());
        }
        let opened = connect().await?;
        opened.set_onclose(Some(self.closed.as_ref().unchecked_ref()));
        // Where two have opened it at once, the first that was done is kept.
        if let Some(open) = &*self.open.borrow() {
            opened.close();
            return Ok(open.clone());
        }
        self.open.replace(Some(opened.clone()));
        Ok(opened)
    }

    /// Lets go of what is open; that it is closed later must not be taken for the end of the next one.
    fn forget(&self) {
        if let Some(open) = self.open.take() {
            open.set_onclose(None);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.forget();
    }
}

fn is_closed(why: &JsValue) -> bool {
    why.dyn_ref::<DomException>()
        .is_some_and(|exception| exception.name() == "InvalidStateError")
}

async fn connect() -> Result<IdbDatabase, StoreError> {
    let factory = INDEXED_DB
        .with(Clone::clone)
        .ok_or_else(|| StoreError::Failed("this browser has no IndexedDB".to_owned()))?;
    let request = factory.open_with_u32(NAME, VERSION).map_err(error)?;
    let opened = request.clone();
    let upgrade = Closure::once(move || {
        let Ok(database) = opened.result().and_then(|db| db.dyn_into::<IdbDatabase>()) else {
            return;
        };
        let known = database.object_store_names();
        for name in [EXTENTS, DAGS, JOURNAL, META] {
            if known.contains(name) {
                continue;
            }
            if let Err(why) = database.create_object_store(name) {
                web_sys::console::error_2(&"no object store was made".into(), &why);
            }
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    done(&request)
        .await?
        .dyn_into()
        .map_err(|_| StoreError::Failed("what was opened is no database".to_owned()))
}

/// The keys that begin with a text.
pub fn beginning_with(prefix: &str) -> Result<IdbKeyRange, JsValue> {
    IdbKeyRange::bound(&prefix.into(), &format!("{prefix}\u{ffff}").into())
}

async fn done(request: &IdbRequest) -> Result<JsValue, StoreError> {
    let ended = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(ended).await {
        Ok(_) => request.result().map_err(error),
        Err(_) => Err(of_exception(request.error().ok().flatten())),
    }
}

fn of_exception(exception: Option<DomException>) -> StoreError {
    match exception {
        Some(exception) => error(exception.into()),
        None => StoreError::Failed("the browser ended a transaction".to_owned()),
    }
}

/// What an exception of IndexedDB or of a blob means.
pub fn error(why: JsValue) -> StoreError {
    match why.dyn_ref::<DomException>() {
        Some(exception) => match exception.name().as_str() {
            "QuotaExceededError" => StoreError::Full,
            // So Chromium says it where the disk itself is full, rather than the extension's share of it.
            "DataError" if exception.message().contains("(IOError)") => StoreError::Full,
            "NotFoundError" | "NotReadableError" => StoreError::Gone(exception.message()),
            name => StoreError::Failed(format!("{name}: {}", exception.message())),
        },
        None => StoreError::Failed(crate::browser::message_of(&why)),
    }
}
