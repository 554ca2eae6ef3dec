//! The part of IndexedDB that the worker needs. A write returns only when its transaction is
//! complete, so that it survives a kill of the worker.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use files::directory;
use fluence::ports::StoreError;
use futures::FutureExt;
use futures::lock::Mutex;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web::extension::storage;
use web::js;
use web::time;
use web_sys::{DomException, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction};

#[wasm_bindgen]
extern "C" {
    /// An [`IdbDatabase`], with the function that `web-sys` has without its last argument.
    type Transactional;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &Transactional,
        stores: &Array,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

/// The names of the database. If the first cannot be opened, because a newer version of the extension made it
/// or it is damaged, it is left as it is and the next one is used.
pub const NAMES: [&str; 2] = ["fluence", "fluence-2"];
/// The version of the object stores.
const VERSION: u32 = 4;

/// The extents of files: `id:number` → `{offset, len, blocks}`. Their bytes are in the file system.
pub const EXTENTS: &str = "extents";
/// The DAGs of whole files: the id of an item → bytes.
pub const DAGS: &str = "dags";
/// Handles on files that stay where the person has them: the id of an item → `{handle, size, modified}`.
pub const HANDLES: &str = "handles";
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
const STORES: [&str; 8] = [
    EXTENTS, DAGS, HANDLES, JOURNAL, META, THUMBNAILS, LOG, ASIDE,
];

/// What must be free on the disk before anything is written, in bytes. Chromium appends to a log. If the disk is full
/// in the middle of a write, half of it stays in the log; the next writes follow it, and when the log is read again,
/// the whole database is thrown away.
const RESERVE: u64 = 4 << 20;
/// What must be free before the log is renewed, in bytes: several times of what that writes.
const ROOM_TO_RENEW: u64 = 32 << 20;
/// Renewing the log is to write this many values of this many bytes, in this many transactions, and to remove them:
/// Chromium begins another log after at most 4 MiB. Values of 64 KiB would be stored elsewhere.
const FILLERS: u32 = 5;
const FILLER_VALUES: u32 = 40;
const FILLER: usize = 30_000;
/// What the keys of these values begin with.
const FILLER_KEY: &str = "filler:";
/// The mark in the file system that is there unless half of a write may be in the log. It outlasts the worker, and can
/// be removed when the disk is full.
const WHOLE: &str = "database-is-whole";
/// How many times, and how often, the opening of a database is tried that the browser did not open.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// How many times a read is repeated that was cut off because the browser closed the connection.
const READS: u32 = 4;
/// How long after a failed read the browser has said whether it has closed the connection.
const SAID_CLOSED: Duration = Duration::from_millis(10);

/// Makes the requests of a transaction that writes.
type Requests<'a> = dyn FnMut(&IdbTransaction) -> Result<(), JsValue> + 'a;
/// Makes a request that reads.
type Question<'a> = dyn Fn(&IdbObjectStore) -> Result<IdbRequest, JsValue> + 'a;

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
    /// Whether half of a write may be in the log.
    torn: Cell<bool>,
    /// Whether no database was opened because the disk is full.
    waits_for_room: Cell<bool>,
    renewing: Mutex<()>,
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
                torn: Cell::new(false),
                waits_for_room: Cell::new(false),
                renewing: Mutex::new(()),
                closed: Closure::new(move || {
                    if let Some(connection) = weak.upgrade() {
                        connection.open.take();
                        connection.tear();
                    }
                }),
            }
        });
        let mut tries = 0;
        while connection.name.get() < names.len() {
            let Err(why) = connection.opened().await else {
                let whole = directory::has_mark(WHOLE).await;
                connection.torn.set(whole.is_ok_and(|whole| !whole));
                break;
            };
            js::warn_on_error("a database was not opened", Err::<(), _>(&why));
            if matches!(why, StoreError::Gone(_)) {
                connection.name.set(connection.name.get() + 1);
            } else if tries < TRIES {
                tries += 1;
                time::sleep(TRY_AGAIN).await;
            } else if has_room(ROOM_TO_RENEW).await {
                tries = 0;
                connection.name.set(connection.name.get() + 1);
            } else {
                // It may be there, and opens when the disk has room again.
                connection.name.set(names.len());
                connection.waits_for_room.set(true);
            }
        }
        Self(connection)
    }

    /// Whether no database was opened because the disk is full. Everything is refused then, until another worker starts.
    pub fn waits_for_room(&self) -> bool {
        self.0.waits_for_room.get()
    }

    /// Whether the disk has room again for a database that waits for it.
    pub async fn has_room_again(&self) -> bool {
        self.waits_for_room() && has_room(ROOM_TO_RENEW).await
    }

    /// Refuses everything from now on.
    pub fn leave(&self) {
        self.0.name.set(self.0.names.len());
        self.0.forget();
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
        self.write_so(stores, false, requests).await
    }

    /// Like [`Self::write`], and when this returns, it would survive a power failure, with all that was written before. The
    /// browser otherwise leaves that to the system, which takes up to half a minute.
    ///
    /// # Errors
    /// [`StoreError`] if none is done.
    pub async fn write_through(
        &self,
        stores: &[&str],
        requests: impl FnOnce(&IdbTransaction) -> Result<(), JsValue>,
    ) -> Result<(), StoreError> {
        self.write_so(stores, true, requests).await
    }

    async fn write_so(
        &self,
        stores: &[&str],
        through: bool,
        requests: impl FnOnce(&IdbTransaction) -> Result<(), JsValue>,
    ) -> Result<(), StoreError> {
        let mut requests = Some(requests);
        let mut once = |transaction: &IdbTransaction| match requests.take() {
            Some(requests) => requests(transaction),
            None => Ok(()),
        };
        // Boxed, so that the code that awaits it is compiled once and not for each kind of request.
        self.write_all(stores, through, &mut once)
            .boxed_local()
            .await
    }

    async fn write_all(
        &self,
        stores: &[&str],
        through: bool,
        requests: &mut Requests<'_>,
    ) -> Result<(), StoreError> {
        if self.0.torn.get() {
            let _one = self.0.renewing.lock().await;
            if self.0.torn.get() {
                self.renew().await?;
            }
        }
        if !has_room(RESERVE).await {
            return Err(StoreError::Full);
        }
        let written = self.commit(stores, through, requests).await;
        if written == Err(StoreError::Full) {
            self.0.tear();
        }
        written
    }

    /// Makes the browser begin another log, so that half of a write in the present one does no harm.
    async fn renew(&self) -> Result<(), StoreError> {
        if !has_room(ROOM_TO_RENEW).await {
            return Err(StoreError::Full);
        }
        let filler = JsValue::from_str(&"-".repeat(FILLER));
        for part in 0..FILLERS {
            self.commit(&[META], false, &mut |transaction| {
                let meta = transaction.object_store(META)?;
                (0..FILLER_VALUES).try_for_each(|number| {
                    let key = format!("{FILLER_KEY}{part}:{number}");
                    meta.put_with_key(&filler, &key.into()).map(drop)
                })
            })
            .await?;
        }
        self.commit(&[META], false, &mut |transaction| {
            let meta = transaction.object_store(META)?;
            meta.delete(&beginning_with(FILLER_KEY)?.into()).map(drop)
        })
        .await?;
        self.0.torn.set(false);
        mark(true).await;
        Ok(())
    }

    async fn commit(
        &self,
        stores: &[&str],
        through: bool,
        requests: &mut Requests<'_>,
    ) -> Result<(), StoreError> {
        let durability = if through { "strict" } else { "default" };
        let transaction = self.transaction(stores, "readwrite", durability).await?;
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

    /// Runs a single request that reads. It is repeated if the browser closes the connection meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if it fails.
    pub async fn read(
        &self,
        store: &str,
        request: impl Fn(&IdbObjectStore) -> Result<IdbRequest, JsValue>,
    ) -> Result<JsValue, StoreError> {
        self.read_again(store, &request).boxed_local().await
    }

    async fn read_again(&self, store: &str, request: &Question<'_>) -> Result<JsValue, StoreError> {
        let mut reads = 0;
        loop {
            let read = self.read_once(store, request).await;
            if read.is_ok() || reads == READS {
                return read;
            }
            time::sleep(SAID_CLOSED).await;
            if self.0.open.borrow().is_some() {
                return read;
            }
            reads += 1;
        }
    }

    async fn read_once(&self, store: &str, request: &Question<'_>) -> Result<JsValue, StoreError> {
        let transaction = self.transaction(&[store], "readonly", "default").await?;
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
        mode: &str,
        durability: &str,
    ) -> Result<IdbTransaction, StoreError> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = js::object([("durability", durability.into())]);
        let begin = |database: IdbDatabase| {
            let database: Transactional = database.unchecked_into();
            database.transaction(&names, mode, &options)
        };
        match begin(self.0.opened().await?) {
            Err(why) if is_closed(&why) => {
                self.0.forget();
                self.0.tear();
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

    /// Notes that half of a write may be in the log.
    fn tear(&self) {
        if !self.torn.replace(true) {
            spawn_local(mark(false));
        }
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

/// Whether this many bytes are free. If the browser does not say, the write will.
async fn has_room(bytes: u64) -> bool {
    storage::free().await.map_or(true, |free| free >= bytes)
}

async fn mark(whole: bool) {
    let marked = directory::set_mark(WHOLE, whole).await;
    let marked = marked.map_err(|why| js::message_of(&why));
    js::warn_on_error("the state of the database was not marked", marked);
}

/// Opens a database. [`StoreError::Gone`] is one that this program cannot use.
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
    Err(StoreError::Gone(missing))
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
            "UnknownError" if exception.message().contains("NO_SPACE") => StoreError::Full,
            // The database is of a newer version.
            "VersionError" | "NotFoundError" | "NotReadableError" => {
                StoreError::Gone(exception.message())
            }
            name => StoreError::Failed(format!("{name}: {}", exception.message())),
        },
        None => StoreError::Failed(js::message_of(&why)),
    }
}
