# The popup, the tab and the side panel: the connection, the field, the list of files and what can be done with them.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The connection.

network-starting = جارٍ البدء…
network-no-node = لم تُضبط عقدة
network-connecting = جارٍ الاتصال…
network-online = جاهز للمشاركة والجلب
network-offline = غير متصل
network-unreachable = جاهز للجلب لا للمشاركة
unreachable-advice = لا متسع لدى العقدة كي يصل الآخرون إلى نظير إضافي عبرها. يمكنك الجلب، لكن لا أحد يستطيع الجلب منك. تُعاد المحاولة تلقائيًّا؛ وقد يكون لدى عقدة أخرى متسع.
network-label = الاتصال
no-node-advice = يحتاج Fluence Share للمشاركة والجلب إلى عنوان عقدة واحدة على الأقل. اطلبه ممن يشغّل واحدة، أو شغّل عقدتك.
no-node-button = إضافة عقدة
try-now = المحاولة الآن
worker-starting = جارٍ البدء…
worker-lost = توقفت عملية الخلفية. جارٍ الاتصال بها من جديد…
worker-silent = لا ترد عملية الخلفية. لا تُفقد بإعادة تشغيل الإضافة أي مشاركة أو ملف مجلوب.
worker-reload = إعادة تشغيل Fluence Share
worker-strange = هذه الصفحة وعملية الخلفية من إصدارين مختلفين. أغلق هذه الصفحة وافتحها من جديد.

## The header and the theme.

open-tab = فتح في علامة تبويب
open-panel = فتح في اللوحة الجانبية
panel-refused = لم يفتح المتصفح اللوحة الجانبية.
settings = الإعدادات
back = العودة إلى الملفات
theme = الألوان
theme-auto = مثل النظام
theme-light = فاتح
theme-dark = داكن

## The field in which one pastes, and onto which one drops.

give = جلب أو مشاركة
give-hint = الصق رابطًا أو أفلت ملفات
fetch = جلب
fetch-given = جاء هذا من رابط أو من شريط العنوان. لا يُجلب شيء قبل الضغط على «جلب».
fetch-paste = لصق من الحافظة
fetch-paste-refused = لم يسمح المتصفح بقراءة الحافظة. انقر داخل الحقل واضغط Ctrl+V (⌘V على أجهزة Mac).
share-choose = اختيار ملفات
share-folder = مجلد
share-drop-now = أفلت للمشاركة
share-how = كيفية مشاركة عدة ملفات
share-each = رابط لكل ملف
share-together = رابط واحد للكل، كمجلد
share = مشاركة
cancel = إلغاء
share-handing = جارٍ تسليم الملفات إلى عملية الخلفية. أبقِ هذه الصفحة مفتوحة للحظة…
share-empty = لم تكن فيما أُفلت ملفات.
# The name of a file that is made of a text from the clipboard.
pasted-text = نص ملصق
share-unreadable = تعذّرت قراءة بعضه. تحقّق من أنه لا يزال موجودًا ومسموحًا بقراءته، ثم أفلته من جديد.
share-big = اختيار ملفات كثيرة أو كبيرة أسهل في علامة تبويب:

## What is at the link in the field.

looking = جارٍ السؤال عمّن يشارك هذا…
look-here = هو في قائمتك بالفعل.
look-private = ملف خاص. اسمه ونوعه بداخله.
look-acts = قد تفعل الملفات من هذا النوع شيئًا عند فتحها، كأن تشغّل برنامجًا. لا يُفتح هنا أبدًا؛ لا تجلبه إلا إذا كنت تثق بمن صنعه.
lacks-key = قد تكون هذه بايتات مشفّرة: ملف خاص فقد رابطه المفتاح، أي كل ما بعد العلامة #. اطلب الرابط كاملًا ممن أرسله والصقه هنا.
look-from = من { $peer }، المتصل الآن
look-nobody = لا أحد من المتصلين يشارك هذا الآن.
kind-image = صورة
kind-video = فيديو
kind-audio = صوت
kind-document = مستند
kind-archive = أرشيف
kind-folder = مجلد

## The files on the page.

page-title = هذه الصفحة
page-reading = جارٍ البحث عن ملفات في الصفحة…
page-none = لا ملفات في هذه الصفحة
page-none-advice = لم تأتِ منها تنزيلات، ولا روابط فيها إلى ملفات. انقر بالزر الأيمن على أي شيء فيها لمشاركته.
page-downloads = نُزّلت من هنا
page-links = في هذه الصفحة
page-closed = لا يمكن قراءة هذه الصفحة
page-closed-advice = لا يسمح المتصفح للإضافات بقراءتها. في الصفحات الأخرى تظهر ملفاتها هنا.
page-links-refused = لم يسمح المتصفح لـ Fluence Share بقراءة الصفحة؛ افتحه من شريط الأدوات في تلك الصفحة لرؤية روابطها.
page-sharing = جارٍ المشاركة…
page-all = تحديد الكل

## The question for permission.

access-allow = السماح بالوصول
access-not-now = ليس الآن
access-refused = لم يُمنح الوصول، لذلك لم يُقرأ شيء. يمكنك السماح به متى شئت.

## The list of items.

items-title = ملفاتك
filter-all = الكل
filter-shared = المشارَكة
filter-fetched = المجلوبة
search = البحث في ملفاتك
empty-all = لا شيء هنا بعد
empty-all-advice = انقر بالزر الأيمن على رابط أو صورة أو فيديو في أي صفحة واختر «مشاركة عبر Fluence»، أو أفلت ملفًا هنا. وللجلب، الصق رابطًا في الأعلى.
empty-shared = لم يُشارك شيء بعد
empty-shared-advice = أفلت ملفًا هنا، أو انقر بالزر الأيمن على شيء في صفحة واختر «مشاركة عبر Fluence».
empty-fetched = لم يُجلب شيء بعد
empty-fetched-advice = الصق في الحقل أعلاه رابطًا أرسله إليك أحدهم.
empty-search = لا ملف يطابق
empty-search-advice = جرّب جزءًا من الاسم أو من ملاحظتك أو من التجزئة.

## The room that the files take.

free = تحرير مساحة
room-short = المساحة على وشك النفاد.
free-fetched = المجلوبة
free-stopped = لم تعد مشارَكة
free-failed = الفاشلة
free-week = لم تُستخدم منذ أسبوع
free-month = لم تُستخدم منذ شهر
free-listed = كل المدرجة
free-help = تبقى النسخ التي حفظتها.

## The order of the files, and those that are selected.

sort-title = الترتيب والتنظيف
clear-old = إزالة القديم…
select = تحديد ملفات
selected-label = الملفات المحددة
remove-selected = هل تُزال؟
select-end = تم
copy-links = نسخ الروابط
copy-link = نسخ الرابط
copy-web-link = نسخ رابط الويب
web-help = يُفتح في أي متصفح، دون Fluence Share.
web-local-help = يُفتح في أي متصفح على هذا الحاسوب، لأن العقدة على هذا الحاسوب.
# Opens the system's own dialog, from which other programs send the link.
send-link = إرسال الرابط…
send-refused = لم يرسل المتصفح الرابط. انسخه بدلًا من ذلك.
qr = عرض رمز QR
qr-web = وجّه كاميرا هاتف إليه: يُفتح الملف في متصفح الهاتف.
qr-link = هذا هو الرابط لـ Fluence Share على جهاز آخر.
qr-too-long = الرابط أطول من أن يسعه رمز QR. انسخه بدلًا من ذلك.
close = إغلاق
copied = نُسخ
link-copied = نُسخ الرابط
copy-refused = لم يسمح المتصفح بالنسخ. حدّد الرابط في التفاصيل وانسخه.
copy-refused-short = لم يُنسخ
save = حفظ
save-again = حفظ من جديد
stop = إيقاف المشاركة
again = بدء المشاركة
share-too = مشاركته مع الآخرين أيضًا
choose-again = اختياره من جديد
copies = في المخازن
pause = إيقاف مؤقت
resume = استئناف
discard = تجاهل
retry = إعادة المحاولة
share-page = مشاركة صفحة الويب
remove = إزالة
now-label = الآن
needs-access = يحتاج إلى إذنك
details = التفاصيل
more-actions = المزيد
askers = من طلبه
asked-when = متى
asked-who = النظير
asked-sent = المرفوع
log-title = ما حدث
log-reading = جارٍ القراءة…
log-empty = لا شيء بعد.
link = الرابط
web-link = رابط الويب
from = من
saved-as = محفوظ باسم
added = أُضيف
unknown-name = ملف
dismiss = إخفاء
progress-label = التقدم
ask-first = اسألني قبل رفعه لأي أحد

## What is said with numbers and names.

network-with-colon = { $status }:
stalled-out = لم يتحرك شيء منذ مدة
stalled-in = لم يصل شيء منذ مدة
sort-newest = الأحدث أولًا
sort-name = حسب الاسم
sort-size = الأكبر أولًا
sort-asked = الأكثر طلبًا أولًا
seconds-left = بقيت { NUMBER($count) } ث
minutes-left = بقيت { NUMBER($count) } د
hours-left = بقيت { NUMBER($hours) } س { NUMBER($minutes) } د
days-left = بقي أكثر من يوم
retry-now = جارٍ إعادة المحاولة…
retry-in = المحاولة التالية بعد { NUMBER($seconds) } ث.
under-a-millisecond = أقل من 1 م.ث
millis-taken = { NUMBER($count) } م.ث
paused-status-shared = المشاركة متوقفة مؤقتًا
paused-status-fetched = مجلوب. المشاركة متوقفة مؤقتًا
metered-status-shared = في انتظار شبكة أخرى
metered-status-fetched = مجلوب. في انتظار شبكة أخرى
somebody-asks = يطلبه النظير { $peer }. إن لم يأتِ ردك خلال دقيقة فلن يحصل على شيء.
fetches-left =
    { $count ->
        [zero] لا جلب بعد الآن
        [one] لمرة جلب واحدة أخرى
        [two] لمرتي جلب أخريين
        [few] لـ { $count } مرات جلب أخرى
        [many] لـ { $count } مرة جلب أخرى
       *[other] لـ { $count } مرة جلب أخرى
    }
shared-until = حتى { $moment }
file-count =
    { $count ->
        [zero] لا ملفات
        [one] ملف واحد
        [two] ملفان
        [few] { $count } ملفات
        [many] { $count } ملفًا
       *[other] { $count } ملف
    }
remove-many =
    { $count ->
        [zero] إزالة { $count } ملف
        [one] إزالة ملف واحد
        [two] إزالة ملفين
        [few] إزالة { $count } ملفات
        [many] إزالة { $count } ملفًا
       *[other] إزالة { $count } ملف
    }
share-many =
    { $count ->
        [zero] مشاركة { $count } ملف
        [one] مشاركة ملف واحد
        [two] مشاركة ملفين
        [few] مشاركة { $count } ملفات
        [many] مشاركة { $count } ملفًا
       *[other] مشاركة { $count } ملف
    }
room-used = { $size } مستخدَمة
room-free = { $size } متاحة
and-more =
    { $count ->
        [zero] و{ $count } ملف آخر
        [one] وملف آخر
        [two] وملفين آخرين
        [few] و{ $count } ملفات أخرى
        [many] و{ $count } ملفًا آخر
       *[other] و{ $count } ملف آخر
    }
selected-count =
    { $count ->
        [zero] لم يُحدد شيء
        [one] حُدّد واحد
        [two] حُدّد اثنان
        [few] حُدّد { $count }
        [many] حُدّد { $count }
       *[other] حُدّد { $count }
    }
show-more =
    { $count ->
        [zero] عرض { $count } أخرى
        [one] عرض واحد آخر
        [two] عرض اثنين آخرين
        [few] عرض { $count } أخرى
        [many] عرض { $count } أخرى
       *[other] عرض { $count } أخرى
    }
select-named = تحديد { $name }
more-about = المزيد عن { $name }
qr-of = رمز QR مع رابط { $name }
share-named = مشاركة { $name }
too-many-files =
    { $limit ->
        [zero] هذا أكثر من { $limit } ملف. اجمعها في أرشيف، أو شاركها على دفعات.
        [one] هذا أكثر من ملف واحد. اجمعها في أرشيف، أو شاركها على دفعات.
        [two] هذا أكثر من ملفين. اجمعها في أرشيف، أو شاركها على دفعات.
        [few] هذا أكثر من { $limit } ملفات. اجمعها في أرشيف، أو شاركها على دفعات.
        [many] هذا أكثر من { $limit } ملفًا. اجمعها في أرشيف، أو شاركها على دفعات.
       *[other] هذا أكثر من { $limit } ملف. اجمعها في أرشيف، أو شاركها على دفعات.
    }
announcement = { $name }: { $status }
saved = محفوظ
saved-as-another = محفوظ باسم «{ $name }»
names-changed =
    { $count ->
        [zero] لم يُغيَّر أي اسم
        [one] غُيِّر اسم واحد
        [two] غُيِّر اسمان
        [few] غُيِّرت { $count } أسماء
        [many] غُيِّر { $count } اسمًا
       *[other] غُيِّر { $count } اسم
    }

## The status of a file, in a few words.

status-waiting-for = في انتظار { $host }
status-reading = جارٍ قراءة الملف
status-hashing = جارٍ إنشاء رابطه
status-announcing = جارٍ إعلام الشبكة
status-waiting = في انتظار الاتصال
status-sending = جارٍ إرساله إلى أحدهم
status-shared = يمكن للآخرين جلبه
status-stopped = لم يعد مشارَكًا
status-searching = جارٍ البحث عمن لديه الملف
status-asked = في انتظار رد
status-downloading = جارٍ الجلب من { $host }
status-paused = متوقف مؤقتًا
status-interrupted = انقطع
status-fetched-sending = مجلوب. جارٍ إرساله إلى أحدهم
status-fetched-waiting = مجلوب. في انتظار مشاركته أيضًا
status-fetched-shared = مجلوب. أنت تشاركه أيضًا
status-fetched-announcing = مجلوب. جارٍ إعلام الشبكة
status-fetched = مجلوب
status-cancelled = أُلغي
status-needs-click = في انتظار نقرة للمشاركة
status-not-shared = لم يُشارك
status-not-fetched = لم يُجلب

## What others can do with a file now.

now-not-from-you = لا أحد يستطيع جلب هذا منك.
now-only-yours = هو لديك، ولا تشاركه مع الآخرين.
now-paused = لا أحد يستطيع جلب هذا منك، لأن المشاركة متوقفة مؤقتًا.
now-metered = لا يمكن لأحد جلبه منك عبر هذه الشبكة لأنها محدودة البيانات.
now-offline = لا أحد يستطيع جلب هذا منك إلى أن يعود الاتصال.
now-announcing = يجري إعلام الشبكة به. بعد لحظة يستطيع كل من لديه الرابط جلبه.
now-asks = يستطيع كل من لديه الرابط طلب هذا ما دام متصفحك مفتوحًا، ويحصل عليه إن سمحت.
now-shared = يستطيع كل من لديه الرابط جلب هذا ما دام متصفحك مفتوحًا.
copy-until = نسخة حتى { $until }
copy-somewhere = نسخة في مخزن
still-at = لا تزال هناك نسخة في { $hosts }
still-at-until = لا تزال نسخة في { $hosts } حتى { $until }
still-for-others = يحتفظ آخرون بنسخة في { $hosts }
still-refused = لم يحذفها { $hosts }
still-refused-until = لم يحذفها { $hosts } ولديه نسخة حتى { $until }
removed-files =
    { $count ->
        [zero] { $count } ملف أزلته: { $what }
        [one] ملف واحد أزلته: { $what }
        [two] ملفان أزلتهما: { $what }
        [few] { $count } ملفات أزلتها: { $what }
        [many] { $count } ملفًا أزلتها: { $what }
       *[other] { $count } ملف أزلتها: { $what }
    }
removed-still-at = لا تزال نسخ في { $hosts } إلى أن ترد عقدته.
removed-still-at-until = لا تزال نسخ في { $hosts } إلى أن ترد عقدته، وإلا فحتى { $until } على الأقل.
former-still-at = لا تزال نسخ من هويتك السابقة في { $hosts } إلى أن تنتهي صلاحيتها هناك.
former-still-at-until = لا تزال نسخ من هويتك السابقة في { $hosts } حتى { $until } على الأقل.
removed-for-others = يحتفظ آخرون بنسخ في { $hosts }.
removed-refused = لم يحذف { $hosts } النسخ.
removed-refused-until = لم يحذف { $hosts } النسخ ولديه إياها حتى { $until } على الأقل.
copy-for-others = { $host }، محفوظة لآخرين وضعوها هناك أيضًا
copy-not-taken-back = { $host }، ولم يحذفها
kept-until = { $host }، تبقى حتى { $until } على الأقل
asked-times =
    { $count ->
        [zero] لم يُطلب
        [one] طُلب مرة واحدة
        [two] طُلب مرتين
        [few] طُلب { $count } مرات
        [many] طُلب { $count } مرة
       *[other] طُلب { $count } مرة
    }
uploaded-size = رُفع { $size }

## Who asked, and what was uploaded for it.

more-calls =
    { $count ->
        [zero] لا استدعاءات أخرى
        [one] استدعاء آخر
        [two] استدعاءان آخران
        [few] { $count } استدعاءات أخرى
        [many] { $count } استدعاءً آخر
       *[other] { $count } استدعاء آخر
    }
sent-nothing = لا شيء، كان في المخزن
sent-uploading = جارٍ الرفع
sent-failed = فشل
sent-failed-after = { $size }، ثم فشل
sent-not-given = لا شيء، تعذّر رفعه
earlier-calls =
    { $count ->
        [zero] لا استدعاءات أقدم غير محفوظة في هذه القائمة ({ $count }).
        [one] استدعاء أقدم واحد لم يعد محفوظًا في هذه القائمة.
        [two] استدعاءان أقدمان لم يعودا محفوظين في هذه القائمة.
        [few] { $count } استدعاءات أقدم لم تعد محفوظة في هذه القائمة.
        [many] { $count } استدعاءً أقدم لم تعد محفوظة في هذه القائمة.
       *[other] { $count } استدعاء أقدم لم تعد محفوظة في هذه القائمة.
    }

## When a file stops being shared by itself.

ends-never = فقط عندما أقرر ذلك
ends-one-fetch = بعد جلبه مرة واحدة
ends-five-fetches = بعد جلبه خمس مرات
ends-hour = بعد ساعة
ends-day = بعد يوم
ends-week = بعد أسبوع
ends-month = بعد 30 يومًا

## The question for permission.

access-this = لمشاركة هذا يحتاج Fluence Share إلى إذنك بالقراءة من { $hosts }. سيسألك المتصفح بعد ذلك؛ ولا يُستخدم الإذن لشيء آخر.
access-one = لمشاركة «{ $name }» يحتاج Fluence Share إلى إذنك بالقراءة من { $hosts }. سيسألك المتصفح بعد ذلك؛ ولا يُستخدم الإذن لشيء آخر.
access-many = لمشاركة «{ $name }» { $more } يحتاج Fluence Share إلى إذنك بالقراءة من { $hosts }. سيسألك المتصفح بعد ذلك؛ ولا يُستخدم الإذن لشيء آخر.
all-sites = كل المواقع

## Before something is removed.

remove-partial = هل يُحذف ما جُلب حتى الآن؟
remove-shared = هل يُزال من Fluence Share؟ لن يستطيع الآخرون الحصول عليه منك بعد ذلك؛ ويبقى ملفك أنت.
remove-fetched = هل يُزال من Fluence Share؟ يبقى ما حفظته على القرص.

## What is in a file or a folder, shown over the page.

show = عرض
show-named = عرض { $name }
save-named = حفظ { $name }
preview-waiting = جارٍ الفتح…
preview-cut = هذه هي البداية، والباقي في الملف.
preview-empty = لا شيء بداخله.
preview-acts = قد يفعل ملف من هذا النوع شيئًا عند فتحه: كأن يشغّل برنامجًا أو يغيّر شيئًا. لذلك لا يُفتح هنا أبدًا. احفظه ولا تفتحه إلا إذا كنت تثق بمن صنعه.
preview-none = لا تُعرض الملفات من هذا النوع هنا. احفظه لفتحه ببرنامج آخر.
preview-large = حجمه أكبر من أن يُعرض هنا. احفظه لفتحه ببرنامج آخر.
preview-broken = لا يستطيع المتصفح عرضه. احفظه لفتحه ببرنامج آخر.
preview-document = يعرض المتصفح مثل هذه المستندات بعارضه الخاص. بعضها يفعل شيئًا من تلقاء نفسه عند فتحه، لذلك لا يُفتح إلا عندما تطلب ذلك.
preview-open = فتح المستند
preview-back = العودة إلى المجلد
preview-saved = يحفظه المتصفح الآن.
preview-here = وصل منه { $size }
preview-later = يمكن عرضه بعد أن يصل المزيد منه.
preview-whole = يمكن عرضه بعد أن يصل كاملًا.
preview-more = في انتظار الباقي…

## What is in a folder that is not here yet.

inside-show = عرض ما بداخله
inside-upload-it = طلب رفعه
inside-looking = جارٍ النظر فيه…
inside-nothing = لا شيء بداخله.
inside-more = فيه أكثر مما يظهر هنا. اجلب المجلد لتحصل على كل ما فيه.
fetch-named = جلب { $name }
inside-upload-size = لا يوجد هذا المجلد الآن في أي مخزن. لعرض محتوياته، على من يشاركه أن يرفعه كله إلى مخزن، { $size }. بعد ذلك تجلب ما تختاره فقط.
inside-upload-all = لا يوجد هذا المجلد الآن في أي مخزن. لعرض محتوياته، على من يشاركه أن يرفعه كله إلى مخزن. بعد ذلك تجلب ما تختاره فقط.

## The name and the note of a file, before it is shared and after.

rename-and-note = تغيير الاسم والملاحظة…
note-only = ملاحظة…
name-label = الاسم
note-label = ملاحظة
note-hint = لا يراها غيرك
name-told = من يجلبه من الآن يحصل عليه بهذا الاسم. ويبقى الرابط كما هو. أما روابط الويب التي أرسلتها من قبل فتحتفظ بالاسم القديم.
name-sealed = اسم الملف الخاص مشفَّر معه. لإعطائه اسمًا آخر شاركه من جديد، وعندها يكون له رابط آخر.
name-private = يُشفَّر الاسم مع الملف، فلا يمكن تغييره بعد مشاركته.
name-later = يمكن أن يُعطى اسمًا آخر بعد أن يصل كله إلى هنا.
names-first = كتابة اسم وملاحظة قبل المشاركة

## A QR code in a picture that is to be shared.

scanning = جارٍ البحث عن رمز QR في الصورة. أبقِ هذه الصفحة مفتوحة للحظة…
scanned = رمز QR في هذه الصورة يقود إلى هنا:
scanned-follow = عرض ما يقود إليه
scanned-share = مشاركة هذه الصورة
