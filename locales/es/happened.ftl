# The page of what happened: moments, and what happened in each.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The page.

time-title = Qué ha ocurrido
time-help = Ve a un momento para ver tu lista tal como era entonces. Aquí están los últimos 30 días, o menos si ha ocurrido mucho.
time-reading = Leyendo qué ha ocurrido…
time-beginning = El principio
time-nothing = No había nada en la lista.
time-moment = Momento
time-before = Un paso atrás
time-after = Un paso adelante
time-now = Al final
time-count = { NUMBER($at) } de { NUMBER($last) }
time-file = Como archivo
time-file-help = Para informar de un fallo, todo esto se puede guardar como archivo y abrir en otro navegador. Los nombres, enlaces, claves, hashes, pares y direcciones se sustituyen por números.
time-export = Guardar como archivo
time-open = Abrir un archivo
time-back = Volver a este navegador
time-forget = Olvidar lo ocurrido
time-forget-question = ¿Olvidar lo ocurrido hasta ahora? Tu lista y tus archivos se quedan como están.
time-no-file = Este archivo no tiene un historial de Fluence Share. Elige uno que se haya guardado en esta página.
time-of-file = Este es el historial del archivo { $name }, no el de este navegador.

## What happened, in a few words.

event-about = { $name }: { $what }
event-share-began = Has empezado a compartirlo
event-fetch-began = Has empezado a obtenerlo
event-described = Se ha sabido su nombre, tipo o tamaño
event-named = Cambiaste su nombre o tu nota
event-thumbnail = Se ha hecho una miniatura
event-hashed = Ha recibido su enlace
event-requested = Alguien lo ha pedido
event-upload-began = Ha empezado a subirse
event-upload-sent = Se ha subido una parte
event-uploaded = Se ha subido
event-upload-failed = No se ha podido subir
event-limited = Has fijado cuándo deja de compartirse
event-as-page = Has elegido compartir la página web
event-asks-first = Has fijado si se te pregunta antes
event-provided = Has empezado a compartirlo también
event-not-provided = Ya no se comparte
event-saved = Se ha guardado
event-stays = Se lee desde donde lo tienes
event-merged = El mismo archivo ya estaba en la lista
event-removed = Se ha quitado un archivo
event-unconfirmed = La extensión se ha iniciado de nuevo
event-confirmed = Los demás pueden encontrar de nuevo lo que compartes
event-released = Un almacén ha borrado una copia
event-withdrawn = Se ha avisado a los nodos de lo que ya no se comparte
event-settings = Se han cambiado los ajustes
event-started = La extensión se ha iniciado

## What was changed in the settings; hosts follow those that end with a colon.

then-no-node = Ya no había ningún nodo.
then-one-node = Desde entonces hubo 1 nodo:
then-nodes = Desde entonces hubo estos nodos:
then-own-ipfs = Desde entonces, lo que compartías se subía a este nodo IPFS, como si fuera tuyo:
then-no-own-ipfs = Tu propio nodo IPFS dejó de usarse.
then-public = Desde entonces, lo que nadie compartía se buscaba en el IPFS público sin preguntarte.
then-not-public = Lo que nadie compartía dejó de buscarse por sí solo en el IPFS público.
then-routers = Desde entonces, el IPFS público se consultaba a través de:
then-gateways = Desde entonces, los archivos del IPFS público llegaban a través de:
then-provide = Desde entonces, lo que obtenías se compartía con otros.
then-not-provide = Lo que obtenías dejó de compartirse con otros.
then-private = Desde entonces, lo que compartías era privado si no indicabas otra cosa.
then-not-private = Desde entonces, lo que compartías solo era privado si lo indicabas.
then-session = Este navegador recibió otro identificador de par, y otro más en cada inicio.
then-not-session = Este navegador recuperó el identificador de par que había conservado.
then-rest = Cambiaron límites u otros ajustes.
