# The first page.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The first page.

welcome-title = Te damos la bienvenida a Fluence Share
welcome-again = Ver de nuevo la primera página
welcome-lead = Envía archivos de navegador a navegador.
welcome-choices = Elige una vez
welcome-later = Todo se puede cambiar en los ajustes.
welcome-node = Nodo
welcome-more = Usar otro nodo o los nodos de un grupo
welcome-reading = Leer de sitios web
welcome-reading-ask = Fluence Share pregunta cada vez que compartes algo que está en otro sitio. En su lugar, puedes permitir ahora todos los sitios.
welcome-reading-all = Fluence Share puede leer de todos los sitios, y solo lo hace para lo que compartes.
welcome-private = Compartir en privado si no indico otra cosa
welcome-provide = Compartir con otros lo que obtengo
welcome-public-help = Los enrutadores y pasarelas a los que se pregunta conocen entonces el hash del archivo y tu dirección de red.
try-title = Pruébalo
try-again = Probar de nuevo
try-lead = Esto comparte un pequeño archivo de texto y lo obtiene de vuelta a través de la red.
try-waits = Aún no hay conexión, así que espera a un nodo.
try-made = Se crea un archivo en este navegador
try-hashed = Su hash se convierte en su nombre
try-shared = Un desconocido lo encuentra y contacta con este navegador
try-back = El nodo lo pide y el archivo vuelve
try-same = Ha vuelto y cada byte es igual.
try-other = Ha vuelto otra cosa.
try-not-back = No ha vuelto a través del nodo.
try-no-web = Tu nodo no abre enlaces web, así que no puede obtener el archivo por ti. Abre el enlace en otro navegador con Fluence Share para verlo llegar.
try-link = Su enlace
try-link-help = Quien lo abra en otro navegador con Fluence Share recibe el archivo.
try-remove = Quitar la muestra
try-removed = La muestra se ha quitado.
try-done = Ir a tus archivos

## What a person should know.

fact-what = Qué se comparte
fact-what-text = Solo lo que eliges; se queda en este ordenador hasta que alguien lo pide.
fact-whom = Con quién
fact-whom-text = Quien tiene el enlace de un archivo puede obtenerlo: mientras este navegador está abierto y, durante un tiempo después, de un almacén que tenga una copia.
fact-seen = Qué pueden ver otros
fact-seen-text = Quien transmite un archivo ve tu dirección de red, y también el archivo si no lo compartes en privado; en ese caso solo ve lo grande que es.
fact-node = Qué es un nodo
fact-node-text = Un ordenador que presenta los navegadores entre sí y guarda los archivos que están en camino; lo tiene un amigo o lo tienes tú.

## The text of the sample file.

sample =
    ¡Hola!

    Este texto se creó en un navegador, { $now }.
    Ha salido de ese navegador solo porque tú lo has pedido.

    This text was made in a browser, { $now }.
    It left that browser only because you asked for it.
