# The page that a node shows for web links.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

title = Un archivo compartido
progress-label = Progreso
try-again = Reintentar
about-page = Esta página obtiene el archivo del nodo que has abierto y compara cada byte con el hash del enlace. Lo que sigue a # en la dirección se queda en tu navegador.
waiting = Pidiendo el archivo. Si el nodo no lo tiene, se lo pide a quien lo comparte…
plain-checked = Cada byte se ha comparado con el hash del enlace.
private-checked = Cada byte se ha comparado con el hash del enlace y se ha descifrado en este navegador.
plain-streamed = Cada byte se compara con el hash del enlace antes de mostrarse o guardarse.
private-streamed = Cada byte se compara con el hash del enlace y se descifra en este navegador antes de mostrarse o guardarse.
save = Guardar
show = Mostrar
private = privado
lacks-key = Es un archivo privado y al enlace le falta la clave. Solo se pueden guardar sus bytes cifrados. Pide el enlace completo a quien te lo envió.
acts = Un archivo de este tipo puede hacer cosas al abrirse, como ejecutar un programa. Aquí nunca se abre. Guárdalo y ábrelo solo si confías en quien lo hizo.
cut = (El resto está en el archivo.)
# The title of the frame in which a PDF is shown.
preview = Vista previa

## Files that are too large to be shown.

large-download = Es demasiado grande para mostrarlo aquí, pero puedes guardarlo.
large-choice = Es demasiado grande para mostrarlo aquí, pero puedes guardarlo donde quieras.
large-memory = Es demasiado grande para mostrarse aquí. Para guardarlo, este navegador lo mantiene todo en memoria, { $size }: los navegadores solo guardan archivos a medida que llegan en páginas con una dirección https, y no en todas las ventanas privadas.
kept-in-memory = Para guardarlo, este navegador lo mantiene todo en memoria, { $size }: los navegadores solo guardan archivos a medida que llegan en páginas con una dirección https, y no en todas las ventanas privadas.
size-about = unos { $size }
size-more-than = más de { $size }

## What was saved, and how many files there are.

saved-download = «{ $name }» está en la carpeta de descargas.
saved-memory = El navegador tiene «{ $name }» y quizá te pregunte si quieres conservarlo.
saved-choice = «{ $name }» se ha guardado.
save-named = Guardar { $name }
saved-as = «{ $name }» se guarda como «{ $saved }».
links-left-out = Se han omitido estos enlaces simbólicos:
names-changed = Ha habido que cambiar estos nombres:
file-count =
    { $count ->
        [one] 1 archivo
       *[other] { $count } archivos
    }
file-count-listed =
    { $count ->
        [one] { $count } archivo, de los que se muestran los primeros { NUMBER($listed) }. La extensión y `fluence fetch` los guardan todos.
       *[other] { $count } archivos, de los que se muestran los primeros { NUMBER($listed) }. La extensión y `fluence fetch` los guardan todos.
    }

## What went wrong, and what to do next.

do-again = Inténtalo de nuevo dentro de un momento.
do-ask-again = Pide otra vez el enlace a quien te lo envió.
not-there = El nodo no tiene el archivo y ahora no se puede contactar con nadie que lo comparta.
do-not-there = Quien lo comparte tiene que estar en línea. Inténtalo más tarde.
node-busy = El nodo está ocupado.
node-refused = El nodo no entrega este archivo.
node-unreachable = No se puede contactar con el nodo.
do-node-unreachable = Comprueba la conexión a Internet e inténtalo de nuevo.
node-silent = El nodo no ha enviado nada durante un rato.
node-broken = Se ha cortado la conexión con el nodo.
not-saved = El navegador no lo ha guardado.
cancelled = Se ha cancelado el guardado.
do-cancelled = Guárdalo de nuevo si lo quieres.
not-shown = Este archivo no se puede mostrar aquí.
do-not-shown = Guárdalo para verlo.
key-gone = La clave de este enlace privado ya no está en la dirección: esta página la quitó al abrirse, para que nadie la lea allí.
do-key-gone = Abre de nuevo el enlace que te enviaron.
not-secure = Los navegadores solo descifran en páginas con una dirección https.
do-not-secure = Abre el enlace en una dirección https del nodo u obtenlo con la extensión.
no-file = Esta dirección lleva a un nodo y no a un archivo.
do-no-file = Los enlaces a archivos llevan el hash del archivo después de #.
not-a-link = Esto no es el enlace de un archivo.
bad-key = La clave al final del enlace no está completa.
do-bad-key = Copia el enlace entero, hasta su último carácter.
wrong-bytes = El nodo ha enviado algo distinto de lo que indica el enlace, así que no se ha usado nada de ello.
do-wrong-bytes = Abre el enlace en otro nodo u obtenlo con la extensión.
unverifiable = El hash del archivo es de un tipo que esta página no puede comprobar.
do-unverifiable = Pide otro enlace a quien lo comparte.
not-a-file = Esto no es un archivo ni una carpeta que se pueda abrir aquí.
not-decrypted = El navegador no ha podido descifrarlo.
not-private = El enlace tiene una clave, pero lo que hay detrás no se ha compartido en privado.
wrong-key = La clave del enlace no lo abre.
altered = Lo que hay detrás del enlace se modificó o se cortó después de cifrarlo, así que no se ha usado nada más de ello.
bad-archive = Lo que hay detrás del enlace contiene archivos que no se pueden aceptar.
