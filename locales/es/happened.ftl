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
