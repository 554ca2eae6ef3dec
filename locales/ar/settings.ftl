# The settings.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The settings.

options-nodes = العقد
options-nodes-help = تعرّفك العقد بنظراء آخرين، وتحتفظ بالملفات أثناء انتقالها. تُستخدم الأقرب؛ وتذهب الملفات إلى أول عقدة تأخذها بهذا الترتيب.
options-nodes-text = عناوين العقد
options-nodes-text-help = واحد في كل سطر، مثل ⁦/dns4/node.example.org/tcp/443/tls/ws⁩.
options-nodes-reset = استخدام القيم الافتراضية
options-nodes-none = دون عقدة لا يمكن مشاركة شيء أو جلبه.
options-sharing = ما أشاركه
options-profile = شكل التجزئات الجديدة
options-profile-2025 = bafy… (UnixFS 2025، موصى به)
options-profile-2015 = Qm… (UnixFS 2015، للبرامج القديمة)
options-copy = نسخ الرابط فورًا
options-private = بخصوصية: لا يقرؤه إلا من لديه الرابط
share-privately = بخصوصية
private = خاص
private-help = يُشفَّر قبل أن يغادر هذا المتصفح. لا يقرؤه ولا يرى اسمه إلا من لديه الرابط.
options-ends = إيقاف مشاركته
options-sent-day = أقصى ما يُرفع في اليوم
options-sent-file = أكبر ملف يُرفع
options-no-limit = دون حد
options-metered = الرفع عبر الشبكات محدودة البيانات أيضًا
options-metered-now = الشبكة التي أستخدمها الآن محدودة البيانات
options-metered-help = لا يعرف كل متصفح أي الشبكات محدودة. ما تحدده هنا يسري إلى أن تغيّره.
metered = هذه الشبكة محدودة البيانات: لا يُرفع شيء عبرها. وما رُفع من قبل يبقى في مخزنه.
metered-not = ليست محدودة البيانات
ends-help = متى تتوقف مشاركة ما تشاركه من تلقاء نفسها
ends-as-set = كما في الإعدادات
ends-change = تغيير…
ends-label = ينتهي
pause-all = إيقاف كل المشاركات مؤقتًا
resume-all = متابعة المشاركة
paused = المشاركة متوقفة مؤقتًا: لا يغادر هذا الحاسوب شيء. وما رُفع من قبل يبقى في مخزنه.
options-notify = عرض الإشعارات
options-fetching = ما أجلبه
options-save = حفظه في مجلد التنزيلات فورًا
options-provide = مشاركته مع الآخرين أيضًا
options-max = أكبر حجم لأي ملف
options-max-help = الملفات الأكبر لا تُشارك ولا تُجلب.
options-room = المساحة لكل الملفات معًا
options-room-auto = تلقائي
options-copy-large = نسخ الملفات الكبيرة عند مشاركتها
options-copy-large-help = وإلا فإن الملفات من 16 ميغابايت فأكثر تُقرأ من مكانها لديك ولا تشغل مساحة. وبعد إعادة تشغيل المتصفح تُشارك مجددًا عندما تنقر.
options-ipfs = عقدة IPFS الخاصة بي
options-ipfs-use = وضع ما أشاركه على عقدة IPFS الخاصة بي
options-ipfs-help = تُستخدم بدل المخازن التي توفرها العقد. يُعطى الآخرون عنوان البوابة، لذلك يجب أن يكون عنوانًا يمكنهم الوصول إليه.
options-rpc = عنوان RPC
options-gateway = عنوان البوابة
options-test = اختبار
options-testing = جارٍ الاختبار…
options-test-good = كلاهما يرد كما ينبغي.
options-test-local = كلاهما يرد كما ينبغي، لكن لا أحد خارج هذا الحاسوب يستطيع الوصول إلى البوابة. استخدم عنوانًا يمكن للآخرين الوصول إليه.
reading-title = قراءة المواقع
reading-help = لمشاركة شيء موجود على موقع غير موقع الصفحة، يجب أن يقرأه Fluence Share هناك. وهو يسأل عن كل موقع عند المشاركة منه، أو مرة واحدة عن كل المواقع. لا يُقرأ شيء قبل أن تشاركه.
private-windows = لا يفعل Fluence Share شيئًا في النوافذ الخاصة: فهو يحتفظ بقائمة بما تشاركه وتجلبه، والنافذة الخاصة يجب ألا تترك أثرًا.
reading-allow = السماح بكل المواقع
reading-every = كل المواقع
reading-give-back = سحب الإذن
options-look = المظهر
options-save-button = حفظ الإعدادات
options-saving = جارٍ الحفظ…
options-saved = حُفظت.
options-unsaved = توجد تغييرات غير محفوظة.
options-revert = التراجع عن التغييرات
options-wrong = في الأعلى ما يحتاج إلى تصحيح أولًا.
public = IPFS العام
public-help = حين لا يشارك أحد ملفًا هنا، يمكن البحث عنه في IPFS العام. عندئذ تعرف الموجّهات والبوابات أدناه تجزئته وعنوانك على الشبكة؛ وما ترسله يُفحص كأي شيء آخر.
public-allow = البحث في IPFS العام عن الملفات التي لا يشاركها أحد
public-routers = الموجّهات، وهي تعرف من لديه الملف
public-gateways = البوابات، وتُسأل بعد البوابات التي تذكرها الموجّهات
public-question = قد يكون في IPFS العام. ومن يُسأل هناك يعرف التجزئة وعنوانك على الشبكة.
public-look = البحث هناك
public-never = عدم البحث هناك أبدًا
report = حفظ تقرير
report-help = إن تعطّل شيء فإن التقرير يساعد من يبحث عن العطل. يذكر ما حدث ومتى. وتُستبدل أرقام بالأسماء والروابط والمفاتيح والتجزئات والنظراء والعناوين.
keys = الاختصارات والروابط
key-none = غير محدد
keys-help = يجمع المتصفح اختصارات كل الإضافات في صفحة واحدة يمكنك تغييرها فيها: ⁦chrome://extensions/shortcuts⁩.
keys-help-firefox = يجمع المتصفح اختصارات كل الإضافات في صفحة واحدة يمكنك تغييرها فيها: «إدارة اختصارات الإضافات» في قائمة about:addons.
keys-change = تغيير الاختصارات
keys-refused = لم يفتح المتصفح صفحته. اكتب عنوانها في شريط العنوان.
keyword-help = اكتب في شريط العنوان fl ثم مسافة ثم رابطًا أو تجزئة لترى ما هو وتجلبه.
links-help = الروابط التي تبدأ بـ web+fluence: أو ipfs: يمكن أن تُفتح هنا من أي صفحة. لا يُجلب شيء قبل الضغط على «جلب».
links-ask = فتح هذه الروابط هنا
links-asked = يسأل المتصفح في شريط العنوان أو بجانبه.
links-at-click = يسأل المتصفح عن البرنامج الذي يفتحها عند أول نقرة على أحدها.
links-refused = لا يسمح المتصفح لإضافة بفتح هذه الروابط. انسخها إلى الحقل بدلًا من ذلك.
options-about = حول
options-about-text = كل شيء استدعاء دالة: الملف دالة يجيب عنها صاحبه. لا يغادر متصفحك شيء قبل أن يطلبه أحد، وكل بايت تجلبه يُقارن بتجزئته.
options-version = الإصدار

## The settings, further: nodes, notifications, identity, and the settings file.

options-folder = مجلد داخل مجلد التنزيلات
options-folder-none = لا يوجد
options-notices = الإشعارات
notify-shared = تجري مشاركة ملف
notify-fetched = وصل ملف
notify-failed = فشل شيء
notify-asked = يطلب أحدهم ملفًا أريد أن أُسأل عنه
options-advanced = متقدم
options-advanced-help = شكل التجزئات، والحدود، وعناوين العقد، وعقدة IPFS خاصة بك
options-limits = الحدود
node-add = إضافة
node-add-label = عنوان عقدة أو قائمة عقد
node-add-help = مثل ⁦/dns4/node.example.org/tcp/443/tls/ws⁩، أو https://example.org لقائمة مجموعة.
node-adding = جارٍ قراءة القائمة…
node-qr = عرض كرمز QR
node-qr-help = من يمسحه يحصل على هذا العنوان. وفي Fluence Share يمكن قراءة صورة له هنا.
node-qr-of = رمز QR يحتوي على العنوان { $address }
node-scan = قراءة رمز QR
node-scan-none = لا يوجد في هذه الصورة رمز QR فيه عنوان عقدة أو قائمة عقد.
node-known = هذه العقدة في القائمة بالفعل.
nodes-known = هذه العقد في القائمة بالفعل.
node-up = نقل إلى الأعلى: تُستخدم أبكر
node-down = نقل إلى الأسفل: تُستخدم لاحقًا
node-remove = إزالة هذه العقدة
node-test = اختبار
node-testing = جارٍ الاتصال بها…
node-unsaved = لا تُستخدم بعد: احفظ الإعدادات
node-connecting = جارٍ الاتصال…
node-spare = غير متصلة: غيرها يكفي
node-found = عُثر عليها عبر الشبكة
network-open = عرض الشبكة والاستدعاءات
identity = الهوية
identity-help = يعرف الآخرون هذا المتصفح بمعرّف النظير. ليس له اسم ولا حساب.
identity-new = هوية جديدة
identity-question = هل يُستبدل بمعرّف نظيرك معرّف جديد؟ تبقى ملفاتك مشارَكة بالروابط نفسها. وما رُفع من قبل يبقى في مخزنه إلى أن تنتهي صلاحيته هناك، لأن الهوية القديمة وحدها تستطيع سحبه. لا يمكن التراجع عن ذلك إلا إذا حفظتَ الهوية القديمة.
identity-confirm = استبداله
identity-done = لهذا المتصفح هوية أخرى.
identity-waits = يستغرق هذا لحظة…
identity-saved = يحفظ المتصفح الهوية في مجلد التنزيلات.
identity-session = استخدام هوية أخرى كلما بدأ المتصفح
identity-session-help = فلا يتعرّف أحد على هذا المتصفح مجددًا بمعرّف النظير. وما رفعه بهوية سابقة يبقى في مخزنه إلى أن تنتهي صلاحيته هناك. وتُحفظ الهوية الحالية لتُستخدم من جديد عندما توقف هذا الخيار.
identity-save = حفظ الهوية
identity-save-question = اختر عبارة مرور طويلة: من لديه الملف يستطيع أن يجرّب العبارات واحدة تلو الأخرى، ومن يجدها يستطيع أن ينتحل شخصيتك. ولا يستطيع أحد أن يستعيدها لك.
identity-save-confirm = حفظ
identity-use = استخدام هوية محفوظة
identity-use-question = هل يُستبدل بمعرّف نظيرك المعرّفُ الذي في هذا الملف؟ لا عودة إلى المعرّف الحالي إلا إذا حفظتَه. لا تستخدم هوية واحدة في متصفحين في الوقت نفسه، لأن الاستدعاء لن يصل إلا إلى أحدهما.
identity-too-large = هذا الملف أكبر من أن يكون هوية. لم يتغير شيء.
passphrase = عبارة المرور
passphrase-again = العبارة نفسها مرة أخرى
passphrase-short = استخدم 8 أحرف على الأقل.
passphrase-differs = العبارتان غير متطابقتين.
copy = نسخ
file = ملف الإعدادات
file-help = كل الإعدادات ما عدا اللغة، لمتصفح آخر أو لوقت لاحق. ليس فيه ملفات ولا روابط ولا مفاتيح.
export = تصدير الإعدادات
not-saved = لم يحفظ المتصفح الملف.
import = استيراد الإعدادات
import-confirm = استبدال إعداداتي
import-cancel = الاحتفاظ بإعداداتي
import-too-large = هذا الملف أكبر من أن يكون ملف إعدادات. لم يتغير شيء.
import-unreadable = لا يمكن قراءة هذا الملف. لم يتغير شيء.
import-question = هل تُستبدل بكل الإعدادات إعدادات هذا الملف؟
import-done = تُستخدم الآن إعدادات الملف.

## The language.

look-language = اللغة
look-language-auto = مثل المتصفح

## The units in which sizes are typed.

unit-megabytes = م.ب
unit-gigabytes = غ.ب
unit-terabytes = ت.ب

## The keys.

key-open = فتح Fluence Share
key-share = مشاركة ملفات

## What is said with numbers and names.

nodes-left =
    { $count ->
        [zero] لم تُضف { $count } عقدة: الحد { NUMBER($most) }. أزل واحدة من غيرها أولًا.
        [one] لم تُضف عقدة واحدة: الحد { NUMBER($most) }. أزل واحدة من غيرها أولًا.
        [two] لم تُضف عقدتان: الحد { NUMBER($most) }. أزل واحدة من غيرهما أولًا.
        [few] لم تُضف { $count } عقد: الحد { NUMBER($most) }. أزل واحدة من غيرها أولًا.
        [many] لم تُضف { $count } عقدة: الحد { NUMBER($most) }. أزل واحدة من غيرها أولًا.
       *[other] لم تُضف { $count } عقدة: الحد { NUMBER($most) }. أزل واحدة من غيرها أولًا.
    }
of-node = { $what }: { $host }
node-online = متصلة · يمكن الوصول إليك عبرها
node-full = متصلة · لا متسع لديها كي يصل إليك الآخرون
node-not-reachable = لا يمكن الوصول إليها. { $cause }
node-connecting-again = جارٍ الاتصال… { $cause }
tested-in = تعمل: ترد خلال { $time } ويمكن الوصول إليك عبرها.
tested-good = تعمل ويمكن الوصول إليك عبرها.
tested-in-fetch-only = ترد خلال { $time }، لكن لا يمكنك عبرها إلا الجلب. { $cause }
tested-fetch-only = يمكنك الاتصال بها، لكن لا يمكن الوصول إليك عبرها. { $cause }
tested-bad = لا تعمل. { $cause }

## What a settings file would change.

import-no-node = لا توجد عقدة: لا يمكن مشاركة شيء أو جلبه حتى تضيف واحدة.
import-one-node = توجد عقدة واحدة:
import-nodes = توجد هذه العقد:
import-own-ipfs = يُرفع ما تشاركه إلى عقدة IPFS هذه على أنها عقدتك:
import-no-own-ipfs = لا تُستخدم بعد الآن عقدة IPFS الخاصة بك.
import-public = ما لا يشاركه أحد يُبحث عنه في IPFS العام دون سؤالك.
import-not-public = ما لا يشاركه أحد لا يُبحث عنه تلقائيًّا في IPFS العام.
import-routers = يُبحث في IPFS العام عبر:
import-gateways = تأتي ملفات IPFS العام عبر:
import-provide = ما تجلبه يُشارك مع الآخرين.
import-not-provide = ما تجلبه لا يُشارك مع الآخرين.
import-private = ما تشاركه خاص ما لم تحدد غير ذلك.
import-not-private = ما تشاركه ليس خاصًّا ما لم تحدد ذلك.
import-session = يحصل هذا المتصفح الآن على معرّف نظير آخر، وعلى غيره كلما بدأ.
import-not-session = يستعيد هذا المتصفح معرّف النظير الذي يحتفظ به.
import-rest = تتغير أيضًا حدود أو إعدادات أخرى.
