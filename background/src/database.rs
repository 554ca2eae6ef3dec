//! The part of IndexedDB that the worker needs. A write returns only when its transaction is
//! complete, so that it survives a kill of the worker.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use fluence::ports::StoreError;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::js;
use web_sys::{
    DomException, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction,
    IdbTransactionMode,
};

/// The names of the database. If the first cannot be opened, because a newer version of the extension made it
/// or it is damaged, it is left as it is and the next one is used.
pub const NAMES: [&str; 2] = ["fluence", "fluence-2"];
/// The version of the object stores.
const VERSION: u32 = 3;

/// The extents of files: `id:number` → `{offset, len, blocks}`. Their bytes are in the file system.
pub const EXTENTS: &str = "extents";
/// The DAGs of whole files: the id of an item → bytes.
pub const DAGS: &str = "dags";
/// The events since the snapshot: their numbers → JSON.
pub const JOURNAL: &str = "journal";
/// Holds the snapshot of the state, and the identity.
pub const META: &str = "meta";
/// Thumbnails: the id of an item → a `data:` URL.
pub const THUMBNAILS: &str = "thumbnails";
/// Lines of logs: `id:time:number` → JSON.
pub const LOG: &str = "log";
/// Texts that could not be read at a start: a key → the original.
pub const ASIDE: &str = "aside";
/// All object stores. An upgrade creates those that are missing, and changes none that exists.
const STORES: [&str; 7] = [EXTENTS, DAGS, JOURNAL, META, THUMBNAILS, LOG, ASIDE];

/// The database. It is cheap to clone, and clones share the connection.
#[derive(Clone)]
pub struct Database(Rc<Connection>);

/// The connection. The browser closes it if a write meets a full disk, or if a person clears the browser's
/// data; it is opened again when it is needed.
struct Connection {
    open: RefCell<Option<IdbDatabase>>,
    /// The names of the databases that it may open, in the order in which they are tried.
    names: &'static [&'static str],
    /// The index of the name that it has opened; their number if none could be opened.
    name: Cell<usize>,
    /// The listener for the end of the connection.
    closed: Closure<dyn FnMut()>,
}

impl Database {
    /// Opens the first of [`NAMES`] that can be opened, and creates it if there is none.
    pub async fn open() -> Self {
        Self::open_one_of(&NAMES).await
    }

    /// Opens the first of these databases that can be opened. If none can be, the result refuses everything,
    /// even if one could be opened later: what was not read must not be overwritten.
    pub async fn open_one_of(names: &'static [&'static str]) -> Self {
        let connection = Rc::new_cyclic(|weak: &Weak<Connection>| {
            let weak = weak.clone();
            Connection {
                open: RefCell::new(None),
                names,
                name: Cell::new(0),
                closed: Closure::new(move || {
                    if let Some(connection) = weak.upgrade() {
                        connection.open.take();
                    }
                }),
            }
        });
        while connection.name.get() < names.len() {
            let Err(why) = connection.opened().await else {
                break;
            };
            js::warn_on_error("a database was not opened", Err::<(), _>(&why));
            connection.name.set(connection.name.get() + 1);
        }
        Self(connection)
    }

    /// Whether another database than the first was opened, because the first could not be.
    pub fn is_substitute(&self) -> bool {
        self.0.name.get() > 0
    }

    /// Closes the connection, as the browser may do at any time.
    pub fn close(&self) {
        if let Some(database) = &*self.0.open.borrow() {
            database.close();
        }
    }

    /// Runs the requests of one transaction. When this returns, either all of them have been
    /// carried out or none.
    ///
    /// # Errors
    /// [`StoreError`] if none is done.
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
            // The requests so far must not be carried out. If this fails, the transaction has ended already.
            let _ = transaction.abort();
            let _ = JsFuture::from(ended).await;
            return Err(error(why));
        }
        match JsFuture::from(ended).await {
            Ok(_) => Ok(()),
            Err(_) => Err(of_exception(transaction.error())),
        }
    }

    /// Runs a single request that reads.
    ///
    /// [`StoreError`] if it fails.
    /// [`StoreError`] where it fails.
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

    /// The value under a key; `undefined` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn get(&self, store: &str, key: &JsValue) -> Result<JsValue, StoreError> {
        self.read(store, |store| store.get(key)).await
    }

    /// A transaction without requests. Only its use shows that the connection is closed.
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
        let Some(name) = self.names.get(self.name.get()) else {
            return Err(StoreError::Failed("no database was opened".to_owned()));
        };
        let opened = connect(name).await?;
        opened.set_onclose(Some(self.closed.as_ref().unchecked_ref()));
        // If two tasks have opened it at the same time, the first connection is kept.
        if let Some(open) = &*self.open.borrow() {
            opened.close();
            return Ok(open.clone());
        }
        self.open.replace(Some(opened.clone()));
        Ok(opened)
    }

    /// Forgets the connection. If it is closed later, that must not be taken for the end of the
    /// next one.
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

async fn connect(name: &str) -> Result<IdbDatabase, StoreError> {
    let factory = web::database::factory()
        .ok_or_else(|| StoreError::Failed("this browser has no IndexedDB".to_owned()))?;
    let request = factory.open_with_u32(name, VERSION).map_err(error)?;
    let opened = request.clone();
    let upgrade = Closure::once(move || {
        let Ok(database) = opened.result().and_then(|db| db.dyn_into::<IdbDatabase>()) else {
            return;
        };
        let known = database.object_store_names();
        for name in STORES {
            if known.contains(name) {
                continue;
            }
            if let Err(why) = database.create_object_store(name) {
                web_sys::console::error_2(&"an object store was not created".into(), &why);
            }
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let database: IdbDatabase = done(&request)
        .await?
        .dyn_into()
        .map_err(|_| StoreError::Failed("what was opened is not a database".to_owned()))?;
    let there = database.object_store_names();
    if STORES.iter().all(|name| there.contains(name)) {
        return Ok(database);
    }
    database.close();
    let missing = format!("the database {name} lacks object stores");
    Err(StoreError::Failed(missing))
}

/// The range of the keys that begin with a prefix.
///
/// # Errors
/// Fails with the browser's exception if it cannot make the range.
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

/// The storage error that an exception of IndexedDB or of a blob stands for.
pub fn error(why: JsValue) -> StoreError {
    match why.dyn_ref::<DomException>() {
        Some(exception) => match exception.name().as_str() {
            "QuotaExceededError" => StoreError::Full,
            // These are Chromium's words if the disk itself is full, and not only the extension's share of it.
            "DataError" if exception.message().contains("(IOError)") => StoreError::Full,
            "NotFoundError" | "NotReadableError" => StoreError::Gone(exception.message()),
            name => StoreError::Failed(format!("{name}: {}", exception.message())),
        },
        None => StoreError::Failed(js::message_of(&why)),
    }
}
