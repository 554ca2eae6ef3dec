# The popup, the tab and the side panel: the connection, the field, the list of files and what can be done with them.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The connection.

network-starting = Iniciando…
network-no-node = No hay ningún nodo
network-connecting = Conectando…
network-online = Listo para compartir y obtener
network-offline = Sin conexión
network-unreachable = Listo para obtener, no para compartir
unreachable-advice = El nodo no tiene sitio para hacer accesible a otro par. Puedes obtener, pero nadie puede obtener de ti. Se intenta de nuevo por sí solo; quizá otro nodo tenga sitio.
network-label = Conexión
no-node-advice = Para compartir y obtener, Fluence Share necesita la dirección de al menos un nodo. Pídesela a quien tenga uno o pon uno tú.
no-node-button = Añadir un nodo
try-now = Intentar ahora
worker-starting = Iniciando…
worker-lost = El proceso en segundo plano se ha detenido. Conectando de nuevo con él…
worker-silent = El proceso en segundo plano no responde. Al reiniciar la extensión no se pierde nada de lo compartido u obtenido.
worker-reload = Reiniciar Fluence Share
worker-strange = Esta página y el proceso en segundo plano son de versiones distintas. Cierra esta página y ábrela de nuevo.

## The header and the theme.

open-tab = Abrir en una pestaña
open-panel = Abrir en el panel lateral
panel-refused = El navegador no ha abierto el panel lateral.
settings = Ajustes
back = A los archivos
theme = Colores
theme-auto = Como el sistema
theme-light = Claro
theme-dark = Oscuro

## The field in which one pastes, and onto which one drops.

give = Obtener o compartir
give-hint = Pega un enlace o suelta archivos
fetch = Obtener
fetch-given = Esto viene de un enlace o de la barra de direcciones. No se obtiene nada hasta que pulses «Obtener».
fetch-paste = Pegar del portapapeles
fetch-paste-refused = El navegador no ha permitido leer el portapapeles. Haz clic en el campo y pulsa Ctrl+V (⌘V en un Mac).
share-choose = Elegir archivos
share-folder = Carpeta
share-drop-now = Suelta para compartir
share-how = Cómo se comparten varios archivos
share-each = Un enlace para cada archivo
share-together = Un enlace para todos, como carpeta
share = Compartir
cancel = Cancelar
share-handing = Entregando los archivos al proceso en segundo plano. Deja esta página abierta un momento…
share-empty = No había archivos en lo que has soltado.
# The name of a file that is made of a text from the clipboard.
pasted-text = Texto pegado
share-unreadable = Una parte no se ha podido leer. Comprueba que siga ahí y se pueda leer, y suéltala de nuevo.
share-big = Elegir muchos archivos o archivos grandes es más fácil en una pestaña:

## What is at the link in the field.

looking = Preguntando quién comparte esto…
look-here = Ya está en tu lista.
look-private = Un archivo privado. Su nombre y su tipo están dentro.
look-acts = Un archivo de este tipo puede hacer cosas al abrirse, como ejecutar un programa. Aquí nunca se abre; obténlo solo si confías en quien lo hizo.
lacks-key = Puede que sean bytes cifrados: un archivo privado cuyo enlace ha perdido la clave, es decir, todo lo que sigue a #. Pide el enlace completo a quien te lo envió y pégalo aquí.
look-from = de { $peer }, que está en línea
look-nobody = Nadie que esté en línea comparte esto ahora.
kind-image = Imagen
kind-video = Vídeo
kind-audio = Sonido
kind-document = Documento
kind-archive = Archivo comprimido
kind-folder = Carpeta

## The files on the page.

page-title = Esta página
page-reading = Buscando archivos en la página…
page-none = No hay archivos en esta página
page-none-advice = No se ha descargado nada de ella y no enlaza a archivos. Haz clic derecho en cualquier cosa de la página para compartirla.
page-downloads = Descargados de aquí
page-links = En esta página
page-closed = Esta página no se puede leer
page-closed-advice = El navegador no deja que las extensiones la lean. En otras páginas, sus archivos aparecen aquí.
page-links-refused = El navegador no ha dejado que Fluence Share lea la página; ábrelo desde la barra de herramientas en esa página para ver sus enlaces.
page-sharing = Compartiendo…
page-all = Seleccionar todo

## The question for permission.

access-allow = Permitir acceso
access-not-now = Ahora no
access-refused = No se ha dado acceso, así que no se ha leído nada. Puedes permitirlo cuando quieras.

## The list of items.

items-title = Tus archivos
filter-all = Todos
filter-shared = Compartidos
filter-fetched = Obtenidos
search = Buscar en tus archivos
empty-all = Aquí aún no hay nada
empty-all-advice = Haz clic derecho en un enlace, una imagen o un vídeo de cualquier página y elige «Compartir con Fluence», o suelta un archivo aquí. Para obtener, pega un enlace arriba.
empty-shared = Aún no hay nada compartido
empty-shared-advice = Suelta un archivo aquí, o haz clic derecho en algo de una página y elige «Compartir con Fluence».
empty-fetched = Aún no hay nada obtenido
empty-fetched-advice = Pega en el campo de arriba un enlace que alguien te haya enviado.
empty-search = Ningún archivo coincide
empty-search-advice = Prueba con una parte del nombre, de tu nota o del hash.

## The room that the files take.

free = Liberar espacio
room-short = Queda poco espacio.
free-fetched = Obtenidos
free-stopped = Ya no compartidos
free-failed = Fallidos
free-week = Sin usar desde hace una semana
free-month = Sin usar desde hace un mes
free-listed = Todos los de la lista
free-help = Las copias que has guardado se quedan.

## The order of the files, and those that are selected.

sort-title = Ordenar y limpiar
clear-old = Quitar lo antiguo…
select = Seleccionar archivos
selected-label = Archivos seleccionados
remove-selected = ¿Quitarlos?
select-end = Listo
copy-links = Copiar enlaces
copy-link = Copiar enlace
copy-web-link = Copiar enlace web
web-help = Se abre en cualquier navegador, sin Fluence Share.
web-local-help = Se abre en cualquier navegador de este ordenador, porque el nodo está en este ordenador.
# Opens the system's own dialog, from which other programs send the link.
send-link = Enviar el enlace…
send-refused = El navegador no ha enviado el enlace. Cópialo en su lugar.
qr = Mostrar código QR
qr-web = Apunta con la cámara de un teléfono: el archivo se abre en el navegador del teléfono.
qr-link = Es el enlace para Fluence Share en otro dispositivo.
qr-too-long = El enlace es demasiado largo para un código QR. Cópialo en su lugar.
close = Cerrar
copied = Copiado
link-copied = Enlace copiado
copy-refused = El navegador no ha permitido copiar. Selecciona el enlace en los detalles y cópialo.
copy-refused-short = No copiado
save = Guardar
save-again = Guardar de nuevo
stop = Dejar de compartir
again = Empezar a compartir
share-too = Compartirlo también con otros
choose-again = Elegirlo de nuevo
copies = En almacenes
pause = Pausar
resume = Reanudar
discard = Descartar
retry = Reintentar
share-page = Compartir la página web
remove = Quitar
now-label = Ahora
needs-access = Necesita tu permiso
details = Detalles
more-actions = Más
askers = Quién lo ha pedido
asked-when = Cuándo
asked-who = Par
asked-sent = Subido
log-title = Qué ha ocurrido
log-reading = Leyendo…
log-empty = Nada todavía.
link = Enlace
web-link = Enlace web
from = De
saved-as = Guardado como
added = Añadido
unknown-name = Un archivo
dismiss = Descartar
progress-label = Progreso
ask-first = Preguntarme antes de subirlo para alguien

## What is said with numbers and names.

network-with-colon = { $status }:
stalled-out = no se ha movido nada durante un rato
stalled-in = no ha llegado nada durante un rato
sort-newest = Más recientes primero
sort-name = Por nombre
sort-size = Más grandes primero
sort-asked = Más pedidos primero
seconds-left = quedan { NUMBER($count) } s
minutes-left = quedan { NUMBER($count) } min
hours-left = quedan { NUMBER($hours) } h { NUMBER($minutes) } min
days-left = queda más de un día
retry-now = Intentándolo de nuevo…
retry-in = Próximo intento en { NUMBER($seconds) } s.
under-a-millisecond = menos de 1 ms
millis-taken = { NUMBER($count) } ms
paused-status-shared = Compartición pausada
paused-status-fetched = Obtenido. Compartición pausada
metered-status-shared = Esperando otra red
metered-status-fetched = Obtenido. Esperando otra red
somebody-asks = El par { $peer } lo pide. Sin respuesta en el plazo de un minuto no recibe nada.
fetches-left =
    { $count ->
        [one] para una obtención más
       *[other] para { $count } obtenciones más
    }
shared-until = hasta { $moment }
file-count =
    { $count ->
        [one] 1 archivo
       *[other] { $count } archivos
    }
remove-many =
    { $count ->
        [one] Quitar 1 archivo
       *[other] Quitar { $count } archivos
    }
share-many =
    { $count ->
        [one] Compartir 1 archivo
       *[other] Compartir { $count } archivos
    }
room-used = { $size } usados
room-free = { $size } libres
and-more =
    { $count ->
        [one] y { $count } más
       *[other] y { $count } más
    }
selected-count =
    { $count ->
        [one] { $count } seleccionado
       *[other] { $count } seleccionados
    }
show-more =
    { $count ->
        [one] Mostrar { $count } más
       *[other] Mostrar { $count } más
    }
select-named = Seleccionar { $name }
more-about = Más sobre { $name }
qr-of = Código QR con el enlace a { $name }
share-named = Compartir { $name }
too-many-files =
    { $limit ->
        [one] Es más de { $limit } archivo. Empaquétalos en un archivo comprimido o compártelos por partes.
       *[other] Son más de { $limit } archivos. Empaquétalos en un archivo comprimido o compártelos por partes.
    }
announcement = { $name }: { $status }
saved = guardado
saved-as-another = guardado como «{ $name }»
names-changed =
    { $count ->
        [one] 1 nombre cambiado
       *[other] { $count } nombres cambiados
    }

## The status of a file, in a few words.

status-waiting-for = Esperando a { $host }
status-reading = Leyendo el archivo
status-hashing = Creando su enlace
status-announcing = Avisando a la red
status-waiting = Esperando la conexión
status-sending = Enviándolo a alguien
status-shared = Disponible para otros
status-stopped = Ya no se comparte
status-searching = Buscando a alguien que lo tenga
status-asked = Esperando una respuesta
status-downloading = Obteniendo de { $host }
status-paused = En pausa
status-interrupted = Interrumpido
status-fetched-sending = Obtenido. Enviándolo a alguien
status-fetched-waiting = Obtenido. Esperando para compartirlo también
status-fetched-shared = Obtenido. Tú también lo compartes
status-fetched-announcing = Obtenido. Avisando a la red
status-fetched = Obtenido
status-cancelled = Cancelado
status-needs-click = Espera un clic para compartirse
status-not-shared = No compartido
status-not-fetched = No obtenido

## What others can do with a file now.

now-not-from-you = Nadie puede obtenerlo de ti.
now-only-yours = Lo tienes. No lo compartes con otros.
now-paused = Nadie puede obtenerlo de ti, porque la compartición está en pausa.
now-metered = Nadie puede obtenerlo de ti por esta red, porque es de uso medido.
now-offline = Nadie puede obtenerlo de ti hasta que vuelva a haber conexión.
now-announcing = Se está avisando a la red. En un momento, cualquiera que tenga el enlace podrá obtenerlo.
now-asks = Cualquiera que tenga el enlace puede pedirlo mientras tu navegador esté abierto, y lo recibe si lo permites.
now-shared = Cualquiera que tenga el enlace puede obtenerlo mientras tu navegador esté abierto.
copy-until = copia hasta { $until }
copy-somewhere = copia en un almacén
still-at = aún hay una copia en { $hosts }
still-at-until = aún hay una copia en { $hosts } hasta { $until }
still-for-others = otros conservan una copia en { $hosts }
still-refused = { $hosts } no la ha borrado
still-refused-until = { $hosts } no la ha borrado y tiene una copia hasta { $until }
removed-files =
    { $count ->
        [one] 1 archivo que has quitado: { $what }
       *[other] { $count } archivos que has quitado: { $what }
    }
removed-still-at = aún hay copias en { $hosts } hasta que su nodo responda.
removed-still-at-until = aún hay copias en { $hosts } hasta que su nodo responda o, si no, al menos hasta { $until }.
former-still-at = aún hay copias de tu identidad anterior en { $hosts }, hasta que caduquen allí.
former-still-at-until = aún hay copias de tu identidad anterior en { $hosts }, al menos hasta { $until }.
removed-for-others = otros conservan copias en { $hosts }.
removed-refused = { $hosts } no ha borrado las copias.
removed-refused-until = { $hosts } no ha borrado las copias y las tiene al menos hasta { $until }.
copy-for-others = { $host }, conservada para otros que también la pusieron allí
copy-not-taken-back = { $host }, que no la ha borrado
kept-until = { $host }, al menos hasta { $until }
asked-times =
    { $count ->
        [one] pedido una vez
        [2] pedido dos veces
       *[other] pedido { $count } veces
    }
uploaded-size = { $size } subidos

## Who asked, and what was uploaded for it.

more-calls =
    { $count ->
        [one] una llamada más
       *[other] { $count } llamadas más
    }
sent-nothing = nada, el almacén lo tenía
sent-uploading = subiendo
sent-failed = ha fallado
sent-failed-after = { $size }; después ha fallado
sent-not-given = nada, no se ha podido subir
earlier-calls =
    { $count ->
        [one] Una llamada anterior ya no está en esta lista.
       *[other] { $count } llamadas anteriores ya no están en esta lista.
    }

## When a file stops being shared by itself.

ends-never = Solo cuando yo lo diga
ends-one-fetch = Tras obtenerse una vez
ends-five-fetches = Tras obtenerse cinco veces
ends-hour = Tras una hora
ends-day = Tras un día
ends-week = Tras una semana
ends-month = Tras 30 días

## The question for permission.

access-this = Para compartir esto, Fluence Share necesita tu permiso para leer de { $hosts }. El navegador te lo pide a continuación; no se usa para nada más.
access-one = Para compartir «{ $name }», Fluence Share necesita tu permiso para leer de { $hosts }. El navegador te lo pide a continuación; no se usa para nada más.
access-many = Para compartir «{ $name }» { $more }, Fluence Share necesita tu permiso para leer de { $hosts }. El navegador te lo pide a continuación; no se usa para nada más.
all-sites = todos los sitios

## Before something is removed.

remove-partial = ¿Descartar lo obtenido hasta ahora?
remove-shared = ¿Quitarlo de Fluence Share? Otros ya no podrán obtenerlo de ti; tu propio archivo se queda.
remove-fetched = ¿Quitarlo de Fluence Share? Lo que has guardado en el disco se queda.

## What is in a file or a folder, shown over the page.

show = Ver
show-named = Ver { $name }
save-named = Guardar { $name }
preview-waiting = Abriendo…
preview-cut = Este es el principio. El resto está en el archivo.
preview-empty = No hay nada dentro.
preview-acts = Un archivo de este tipo puede hacer cosas al abrirse: ejecutar un programa o cambiar algo. Por eso nunca se abre aquí. Guárdalo y ábrelo solo si confías en quien lo hizo.
preview-none = Los archivos de este tipo no se muestran aquí. Guárdalo para abrirlo con otro programa.
preview-large = Es demasiado grande para mostrarlo aquí. Guárdalo para abrirlo con otro programa.
preview-broken = El navegador no puede mostrarlo. Guárdalo para abrirlo con otro programa.
preview-document = Los documentos como este los muestra el visor del propio navegador. Algunos hacen algo por sí mismos al abrirse, así que se abre cuando tú lo digas.
preview-open = Abrir el documento
preview-back = Volver a la carpeta
preview-saved = El navegador lo está guardando.
preview-here = ya han llegado { $size }
preview-later = Se podrá ver cuando haya llegado más.
preview-whole = Se podrá ver cuando haya llegado entero.
preview-more = Esperando el resto…

## What is in a folder that is not here yet.

inside-show = Ver qué contiene
inside-upload-it = Pedir que se suba
inside-looking = Mirando qué contiene…
inside-nothing = No hay nada dentro.
inside-more = Contiene más de lo que aparece aquí. Obtén la carpeta para tenerlo todo.
fetch-named = Obtener { $name }
inside-upload-size = Ningún almacén tiene esta carpeta ahora. Para ver su contenido, quien la comparte tiene que subirla entera a un almacén, { $size }. Después obtienes solo lo que elijas.
inside-upload-all = Ningún almacén tiene esta carpeta ahora. Para ver su contenido, quien la comparte tiene que subirla entera a un almacén. Después obtienes solo lo que elijas.

## The name and the note of a file, before it is shared and after.

rename-and-note = Cambiar nombre y nota…
note-only = Nota…
name-label = Nombre
note-label = Nota
note-hint = Solo la ves tú
name-told = Quien lo obtenga a partir de ahora lo recibirá con este nombre. El enlace no cambia. Los enlaces web que ya enviaste conservan el nombre anterior.
name-sealed = El nombre de un archivo privado está cifrado con él. Para darle otro, compártelo de nuevo; tendrá entonces otro enlace.
name-private = El nombre se cifra con el archivo, así que no se puede cambiar una vez compartido.
name-later = Podrá tener otro nombre cuando esté completo aquí.
names-first = Poner nombre y nota antes de compartir

## A QR code in a picture that is to be shared.

scanning = Buscando un código QR en la imagen. Deja esta página abierta un momento…
scanned = El código QR de esta imagen lleva aquí:
scanned-follow = Ver adónde lleva
scanned-share = Compartir esta imagen
