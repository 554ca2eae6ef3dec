# What happened to a file, a line each; and why there is no connection to a node.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

hashed = Hash calculado de { $size }: { $cid }
shared-again = Compartido otra vez: es el mismo archivo.
fetched-again = Obtenido también con otro enlace: es el mismo archivo.
reached = Anunciado, encontrado al buscarlo y alcanzado desde fuera.
not-reached-yet = Aún no se encuentra desde fuera; se intenta de nuevo.
no-longer-reached = Ya no se podía encontrar desde fuera; se anuncia de nuevo.
requested = { $peer } lo ha pedido.
more-requested =
    { $count ->
        [one] Se ha pedido una vez más.
       *[other] Se ha pedido { $count } veces más.
    }
of-peer = { $peer }: { $what }
already-stored = El almacén ya lo tiene; no se sube nada.
expired = Ya no se comparte, como estaba previsto.
released = { $host } ha eliminado su copia.
kept-for-others = { $host } conserva una copia, porque alguien más ha puesto allí el archivo o porque su operador quiere conservarla.
not-held = { $host } no guarda nada de ello en tu nombre.
not-released = No se ha podido pedir a { $host } que elimine su copia.
uploading = Subiendo a { $address }.
part-failed = Hay que enviar de nuevo una parte. { $what }
uploaded = Subido: { $size }.
upload-failed = La subida ha fallado. { $what }
upload-failed-after = La subida ha fallado tras { $size }. { $what }
not-given = { $peer } no lo ha recibido.
resumed-after-restart = Continúa tras un reinicio.
resumed-online = Continúa: la red ha vuelto.
began-again = Lo que se conservaba de ello estaba dañado; empieza de nuevo.
storage-named = { $peer } dice que está en { $host }.
public-gateway = Nadie lo comparte aquí; se pregunta a { $host }, una pasarela del IPFS público.
still-stored = Nadie lo ofrece en este momento, pero el almacén de { $host } todavía lo tiene.
storage-silent = Nada nuevo de { $host } desde hace { NUMBER($seconds) } s; se pregunta a otros.
storage-changed = Continúa desde { $host }.
storages-added = También está almacenado en { $hosts }; se usan todos a la vez.
one-storage-left = Continúa con un solo almacén. { $what }
single-blocks = Se piden bloques sueltos. { $what }
links-left-out = Los enlaces simbólicos no están en el archivo guardado: { $names }.
names-changed = Se han cambiado nombres que no pueden figurar en el archivo guardado: { $names }.
kept = Ya han llegado { $size }, comprobados.
fetched = Ha llegado todo, comprobado: { $size }.
unknown = Ha ocurrido algo que esta versión no conoce.

## Files that were refused together with one that is named.

and-others-refused =
    { $count ->
        [one] Se ha rechazado un archivo más.
       *[other] Se han rechazado { $count } archivos más.
    }

## Why there is no connection to a node: clauses, whose subject "it" is the node.

link-lost = se ha perdido la conexión con el nodo
link-closed = ha cerrado la conexión
link-unreachable = no se ha podido establecer la conexión
link-dial-timeout = no responde
link-unsupported-address = este tipo de dirección no es accesible desde aquí
link-wrong-peer = allí responde otro par, { $peer }
link-own-address = la dirección es la de este mismo par
link-too-many-connections = hay demasiadas conexiones abiertas
link-reservation-refused = no concede ninguna reserva
link-reservation-timeout = no responde a la petición de una reserva
link-reservation-ended = el nodo ha terminado la reserva
link-ping-timeout = el nodo ha estado en silencio demasiado tiempo
link-not-listening = este nodo no escucha en ninguna parte
link-of-node = { $node } no se puede usar: { $cause }
link-others-too = { $cause }, y tampoco se puede usar ningún otro nodo de los ajustes
