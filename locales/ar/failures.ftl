# What went wrong, what to do next, and why: the words of failures. English is the text that is translated.
#
# Every message here can have these variables: $host (a server), $peer (the id of a peer), $name (of a file, a setting or
# a function), $detail (the words of another program), $codec, $status (an HTTP status), $code, $reason (one of the
# clauses at the end), $limit-size and $size (with its unit), $limit (a number).
#
# The names of buttons in quotation marks are those of files.ftl and settings.ftl.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## What happened.

not-here = لا يمكن فعل هذا من هنا.
bad-link-empty = لا شيء لجلبه بعد: الصق تجزئة (تبدأ بـ Qm أو bafy) أو رابط fluence:.
bad-link-too-long = هذا أطول من أن يكون تجزئة أو رابطًا.
bad-link-not-a-file = هذا CID لشيء ليس ملفًا (الترميز { $codec }).
bad-link-inside-folder = «{ $detail }» داخل مشاركة خاصة، ولا يمكن جلبها إلا كاملة.
bad-link-no-such-entry = لا يوجد «{ $detail }» في هذا المجلد.
bad-link-lowered-cid = «{ $detail }» ليست تجزئة ملف: { $reason }.
bad-link-bad-key = المفتاح في نهاية الرابط، بعد #، تالف أو غير كامل.
bad-link = «{ $detail }» ليست تجزئة ملف.
paused-fetch = أوقفته أنت مؤقتًا.
paused-upload = أوقفت المشاركة مؤقتًا أثناء إرساله.
paused = أوقفته قبل أن يُقرأ كله.
stopped = أوقفت الرفع.
interrupted-upload = انقطع الرفع.
interrupted = انقطع قبل أن يكتمل.
interrupted-click = لم يُشارَك ما نُقر عليه: كان أكبر من أن يُحفظ ريثما تبدأ الإضافة من جديد.
file-gone = الملف المخزَّن مفقود أو تغيّر.
bad-setting-too-many-nodes =
    { $limit ->
        [zero] عدد العقد أكثر من { $limit }.
        [one] عدد العقد أكثر من { $limit }.
        [two] عدد العقد أكثر من { $limit }.
        [few] عدد العقد أكثر من { $limit }.
        [many] عدد العقد أكثر من { $limit }.
       *[other] عدد العقد أكثر من { $limit }.
    }
bad-setting-too-long = «{ $name }» أطول مما ينبغي.
bad-setting-zero = يجب أن يكون الحجم بين بايت واحد و9 ب.ب.
bad-setting-bad-url = «{ $name }» ليس عنوان عقدة IPFS.
bad-setting-bad-folder-name = لا يمكن أن يكون «{ $name }» اسم مجلد.
bad-setting = «{ $name }» ليس عنوان عقدة: { $reason }.
bad-setting-unknown = لأحد الإعدادات قيمة لا يمكن أن تكون له.
bad-settings-file-bad-value = تتعذّر قراءة قيمة «{ $name }» في هذا الملف.
bad-settings-file-newer-version = هذه الإعدادات من إصدار أحدث من Fluence Share.
bad-settings-file-too-long = هذا الملف أكبر من أن يكون ملف إعدادات.
bad-settings-file = ليس هذا ملف إعدادات لـ Fluence Share.
bad-identity-file = لا يحتوي هذا الملف على هوية يمكن استخدامها هنا.
wrong-passphrase = لا تفتح عبارة المرور هذا الملف.
node-list = لا يمكن استخدام قائمة العقد في { $host }: { $reason }.
call-failed = { $name } لا يعطي نتيجة: { $reason }.
unknown-item = لم يعد هذا الملف في القائمة.
too-many-items = عدد الملفات في القائمة بلغ { $limit }.
too-large = حجمه أكبر من { $limit-size }، وهو أقصى ما تسمح به الإعدادات.
disk-full = لم تبق مساحة على القرص.
room-full = لا يتسع له { $limit-size }، وهو ما يمكن أن تشغله كل الملفات معًا.
budget = طلبه أحدهم، وهو أكبر من { $limit-size } التي تسمح برفعها.
day-budget = طلبه أحدهم، و{ $limit-size } التي تسمح برفعها في اليوم لا تكفي.
metered = طلبه أحدهم، وأنت لا تسمح برفع شيء عبر شبكة محدودة البيانات.
store-failed-fetch = تعطّل القرص أثناء كتابة الملف.
store-failed = تعطّل القرص أثناء تخزين الملف أو قراءته.
source-unreachable = لا يمكن الوصول إلى { $host }.
source-silent = لم يرسل { $host } شيئًا لمدة طويلة.
source-broken = انقطع رد { $host }.
http-status-401 = يرفض { $host } إعطاء هذا الملف ({ $status }).
http-status-404 = ليس لدى { $host } هذا الملف ({ $status }).
http-status-429 = طُلب من { $host } أكثر مما ينبغي ({ $status }).
http-status-500 = فشل { $host } في إعطاء هذا الملف ({ $status }).
http-status = لم يعطِ { $host } هذا الملف ({ $status }).
login-page = أرسل { $host } صفحة ويب بدل الملف، والأرجح أنها صفحة تسجيل دخول.
bad-folder-too-many-files = في المجلد أكثر من { $limit } من الملفات، وهذا أكثر من أن يُشارك بتجزئة واحدة.
bad-folder = لا يمكن مشاركة «{ $name }» في مجلد: { $reason }.
bad-folder-unknown = لا يمكن مشاركة هذه الملفات كمجلد.
bad-address-bad-data-url = عنوان data: للصورة تالف.
bad-address-unsupported-scheme = ما يوجد على عنوان { $name }: لا يمكن مشاركته من هنا.
bad-address-too-long = هذا العنوان أطول مما ينبغي.
bad-address = ليس هذا عنوانًا على الويب.
page-gone = لا تستطيع قراءة هذا إلا الصفحة نفسها، ولم تفعل.
needs-access = لا يسمح المتصفح بعدُ لـ Fluence Share بالقراءة من { $host }.
needs-click = يطلب المتصفح نقرة منك قبل أن يقرأ الملف مجددًا.
not-allowed = لم يُشارك شيء من { $host }: لم يُسمح للمتصفح بقراءته هناك.
offline = لا يوجد اتصال بالشبكة.
no-provider = لم يُعثر على أحد لديه هذا الملف.
provider-gone = عُثر على مزوّد، لكن: { $reason }.
bad-answer = أعطى المزوّد { $peer } ردًّا لا يمكن استخدامه: { $reason }.
wrong-bytes-banned = يشير المزوّد { $peer } إلى { $host }، وقد أرسل بايتات خاطئة.
wrong-bytes = أرسل { $host } (الذي ذكره المزوّد { $peer }) بايتات ليست من الملف.
stalled = لم يرسل { $host } شيئًا جديدًا لمدة طويلة.
storage-gone-fetch = المخزن في { $host } لا يرسل الملف: { $reason }.
storage-gone = المخزن في { $host } لا يأخذ الملف: { $reason }.
bad-dag = لا تدل التجزئة على ملف يمكن جلبه: { $reason }.
not-opened-not-private = في الرابط مفتاح، لكن ما يؤدي إليه ليس مشاركة خاصة.
not-opened = لا يمكن فتح المشاركة الخاصة: { $reason }.
bad-storage = ذكرت العقدة مخزنًا لا يمكن استخدام عنوانه.
no-storage = لا تذكر العقدة مخزنًا: { $reason }.
no-storage-found = طلبه أحدهم، ولم يمكن الوصول إلى أي عقدة لها مخزن.
busy-upload = طلبه أحدهم، والعقدة أكثر انشغالًا من أن تخزنه الآن.
busy = طُلب الكثير دفعةً واحدة.
refused-upload = رفض المخزن أخذ الملف.
refused-fetch = رفض المزوّد.
refused = رُفض الطلب.
quota = لا مساحة للملف في مخزن { $host }.
storage-refused = رفض المخزن في { $host } الملف.
own-ipfs = طلبه أحدهم، وعقدة IPFS الخاصة بك لا تأخذه: { $reason }.
rpc-unreachable = لا شيء يرد في { $host }.
rpc-failed-status = رد { $host } بـ { $status }؛ أما واجهة RPC لعقدة IPFS فترد بـ 200.
rpc-failed-malformed = ما يرد في { $host } ليس واجهة RPC لعقدة IPFS.
rpc-failed = عقدة IPFS في { $host } لا تأخذ ملفات.
origin-refused = لا يسمح { $host } بدخول هذه الإضافة: لا تقبل عقدة IPFS الاستدعاءات إلا من المصادر المذكورة في ضبطها.
gateway-unreachable = لا يمكن الوصول إلى أي بوابة في { $host }.
gateway-failed = ردت البوابة في { $host } بـ { $status } على كتلة موجودة لدى عقدتها.
another-node = ليس لدى البوابة في { $host } ما أخذته واجهة RPC في { $name } للتو: هما لا تنتميان إلى العقدة نفسها.
not-saved = لم يُحفظ «{ $name }» في مجلد التنزيلات.
journal-failed = تعذّر تدوين ما حدث للتو.
journal-damaged =
    { $size ->
        [zero] تعذّرت قراءة جزء مما دُوّن: لم تُفقد سجلات ({ $size }).
        [one] تعذّرت قراءة جزء مما دُوّن: فُقد سجل واحد.
        [two] تعذّرت قراءة جزء مما دُوّن: فُقد سجلان.
        [few] تعذّرت قراءة جزء مما دُوّن: فُقدت { $size } سجلات.
        [many] تعذّرت قراءة جزء مما دُوّن: فُقد { $size } سجلًّا.
       *[other] تعذّرت قراءة جزء مما دُوّن: فُقد { $size } سجل.
    }
journal-lost = تعذّر فتح ما دُوّن، لذلك بدأت قائمة جديدة.
settings-damaged = تعذّرت قراءة بعض الإعدادات فعادت إلى قيمها الافتراضية: { $name }.
identity-lost = تعذّرت قراءة هوية هذا النظير، لذلك صارت له هوية جديدة.
not-renewed = يحتفظ هذا المتصفح بهويته لأنه لا يمكن استخدام هوية جديدة: { $detail }.
not-sent = تعذّر إرسال رسالة بين هذه الصفحة وعملية الخلفية.
no-answer = توقفت عملية الخلفية قبل أن ترد؛ وربما تكون قد بدأت مع ذلك.
handover = لم تأخذ عملية الخلفية الملفات.
unknown = حدث خطأ لا يعرفه هذا الإصدار ({ $code }).

## What to do next, for somebody who uses the extension.

do-not-here = استخدم إضافة المتصفح.
do-bad-link-inside-folder = لجلبها كاملة، احذف المسار الذي بين التجزئة و«#».
do-bad-link-no-such-entry = تحقق من المسار الذي يلي التجزئة. لجلب المجلد كاملًا، احذف المسار.
do-bad-link-not-a-cid = تبدأ التجزئة بـ Qm أو bafy. تحقّق من نسخها كاملة.
do-bad-link-ipns-name = اجلب ما يؤدي إليه بتجزئته.
do-bad-link-bad-key = انسخ الرابط كاملًا مرة أخرى.
do-bad-link-too-long = انسخ الرابط وحده دون النص المحيط به.
do-bad-link-peer-id = هذا اسم نظير. الصق رابط أحد ملفاته.
do-bad-link-not-a-file = لا يمكن جلب إلا الملفات والمجلدات.
do-bad-link = اطلب الرابط من الشخص الذي شارك الملف.
do-paused-fetch = اختر «استئناف» للمتابعة؛ ما وصل حتى الآن محفوظ.
do-paused-upload = يُتابَع عندما تستأنف المشاركة ويطلبه أحدهم.
do-paused = لم يُشارك منه شيء.
do-stopped = يُتابَع عندما يُشارك الملف من جديد ويطلبه أحدهم.
do-interrupted-upload = يبدأ من جديد عندما يطلب أحدهم الملف.
do-interrupted-fetch = اختر «إعادة المحاولة» للمتابعة.
do-interrupted = أعد المحاولة، أو اختر الملف من جديد.
do-interrupted-click = انقر عليه مرة أخرى.
do-file-gone-fetch = اجلبه من جديد.
do-file-gone = شارك الملف من جديد.
do-bad-setting-too-many-nodes = أزل بعضها.
do-bad-setting-zero = اختر حجمًا آخر.
do-bad-setting-bad-url = يكون العنوان مثل http://127.0.0.1:5001.
do-bad-setting-bad-folder-name = استخدم اسمًا بسيطًا دون / ودون رموز أخرى تمنعها الأنظمة.
do-bad-setting = يكون العنوان مثل ⁦/dns4/node.example.org/tcp/443/tls/ws⁩.
do-bad-settings-file-newer-version = حدّث الإضافة. لم يتغير شيء هنا.
do-bad-settings-file = اختر ملفًا أُنشئ بـ «تصدير الإعدادات». لم يتغير شيء هنا.
do-bad-identity-file = اختر ملفًا أُنشئ بـ «حفظ الهوية». لم يتغير شيء هنا.
do-wrong-passphrase = اكتبها مرة أخرى. لم يتغير شيء هنا.
do-node-list-unreachable = تحقّق من العنوان، ثم أعد المحاولة لاحقًا.
do-node-list = اسأل من أعطاك العنوان. توجد قائمة المضيف في https://HOST/.well-known/fluence-nodes.
do-call-failed-bad-function = صحّحه، ثم أعد الاستدعاء.
do-call-failed = تحقّق من الاسم، أو أعد المحاولة لاحقًا.
do-unknown-item = انظر إلى القائمة من جديد.
do-too-many-items = أزل بعض ما لم تعد تحتاج إليه.
do-too-large-fetch = ارفع الحد في الإعدادات، ثم اختر «إعادة المحاولة».
do-too-large = ارفع الحد في الإعدادات، أو شارك جزءًا منه.
do-budget = ارفع الحد في الإعدادات، أو شاركه بطريقة أخرى.
do-day-budget = يُرفع عندما يطلبه أحدهم غدًا؛ أو ارفع الحد في الإعدادات.
do-metered = يُرفع عندما يطلبه أحدهم أثناء استخدامك شبكة أخرى.
do-room-full-fetch = اختر «تحرير مساحة» أسفل القائمة أو ارفع الحد في الإعدادات، ثم اختر «إعادة المحاولة».
do-room-full = اختر «تحرير مساحة» أسفل القائمة أو ارفع الحد في الإعدادات، ثم شاركه من جديد.
do-disk-full-share = حرّر بعض المساحة وشاركه من جديد؛ لم يُحفظ شيء.
do-disk-full-fetch = حرّر بعض المساحة، ثم اختر «إعادة المحاولة»؛ ما وصل حتى الآن محفوظ.
do-disk-full = حرّر بعض المساحة على القرص، أو أزل ملفات هنا.
do-store-failed-share = شاركه من جديد؛ وإن فشل ثانيةً فتحقّق من القرص.
do-store-failed = أعد المحاولة؛ وإن فشلت ثانيةً فتحقّق من القرص.
do-source-unreachable = تحقّق من العنوان والاتصال، ثم أعد المحاولة.
do-source-silent = أعد المحاولة لاحقًا.
do-source-broken = أعد المحاولة.
do-http-status-401 = سجّل الدخول هناك في هذا المتصفح، ثم أعد المحاولة.
do-http-status-404 = تحقّق من الرابط؛ فقد يكون قديمًا.
do-http-status-429 = أعد المحاولة بعد بضع دقائق.
do-http-status-500 = أعد المحاولة لاحقًا؛ العطل هناك لا هنا.
do-http-status = افتح الرابط في علامة تبويب لترى ما هناك.
do-login-page = افتح الملف في علامة تبويب، وسجّل الدخول هناك، ثم أعد المحاولة. أو شارك صفحة الويب نفسها من قائمة السطر.
do-bad-folder-name-collision = غيّر اسمه، ثم شارك المجلد من جديد.
do-bad-folder = شارك الملفات منفردة، أو شارك جزءًا من المجلد.
do-bad-address-not-an-address = انسخ العنوان كاملًا بدءًا من https://.
do-bad-address = احفظه بالمتصفح، ثم شارك الملف.
do-page-gone = أعد تحميل الصفحة وأعد المحاولة، أو احفظ الملف وشاركه.
do-needs-access = انقر زر Fluence Share واختر «السماح بالوصول»؛ فتُتابَع المشاركة.
do-needs-click = يُشارك من مكانه لديك ولا يُخزَّن منه شيء هنا. اختر «بدء المشاركة»؛ وفي النافذة المنبثقة تكفي نقرة واحدة لكل هذه الملفات.
do-not-allowed = أعد المحاولة واسمح بالوصول، أو احفظ الملف وشاركه.
do-offline = يُتابَع تلقائيًّا عند عودة الاتصال.
do-no-provider = تحقّق من التجزئة، أو اطلب ممن شاركه أن يفتح متصفحه؛ ثم اختر «إعادة المحاولة».
do-provider-gone = اطلب ممن شاركه أن يفتح متصفحه، ثم أعد المحاولة.
do-bad-answer = أعد المحاولة. وإن لم ينفع ذلك فعلى الطرف الآخر تحديث برنامجه.
do-wrong-bytes = لم يُحفظ أي منها. أعد المحاولة لسؤال مزوّدين آخرين.
do-stalled-fetch = أعد المحاولة؛ ما وصل حتى الآن محفوظ.
do-stalled = تُعاد المحاولة، في مكان آخر إن أمكن، عندما يطلب أحدهم الملف.
do-bad-dag = اطلب ممن شاركه التجزئة الصحيحة، أو أن يشاركه من جديد.
do-not-opened = لم يُحفظ منه شيء. اطلب الرابط كاملًا ممن شاركه.
do-bad-storage = اختر عقدة أخرى في الإعدادات.
do-no-storage = تحقّق من الاتصال ومن العقد في الإعدادات.
do-busy-upload = تُعاد المحاولة عندما يطلب أحدهم الملف.
do-busy = انتظر لحظة ثم أعد المحاولة.
do-refused-upload = تُعاد المحاولة عندما يطلب أحدهم الملف. ويمكنك أيضًا ضبط عقدة أخرى.
do-refused = أعد المحاولة لاحقًا، أو اسأل الشخص الذي شاركه.
do-quota = انتظر إلى أن تتوفر مساحة في المخزن، أو اختر عقدة أخرى في الإعدادات.
do-storage-refused = اختر عقدة أخرى في الإعدادات، أو أعد المحاولة لاحقًا.
do-own-ipfs = شغّل عقدة IPFS الخاصة بك، ثم افتح الإعدادات واختر «اختبار»، فيذكر ما بها.
do-rpc-unreachable = شغّل عقدة IPFS (`ipfs daemon`)، واعرف العنوان بـ `ipfs config Addresses.API`.
do-rpc-failed-status = تحقّق من أن العنوان هو عنوان RPC، وهو عادةً http://127.0.0.1:5001.
do-rpc-failed = يجب أن تكون Kubo 0.42 أو أحدث، مع مساحة على قرصها. وفي سجلها تفاصيل أكثر.
do-origin-refused = إن كانت هذه عقدة IPFS الخاصة بك فنفّذ هذا الأمر، ثم أوقف العقدة وشغّلها: { $name }
do-gateway-unreachable = شغّل عقدة IPFS (`ipfs daemon`)، واعرف العنوان بـ `ipfs config Addresses.Gateway`.
do-gateway-failed = تحقّق من أن العنوان هو عنوان البوابة، وهو عادةً http://127.0.0.1:8080.
do-another-node = اعرف العنوانين بـ `ipfs config Addresses`.
do-not-saved = اختر «حفظ» لإعادة المحاولة؛ وتحقّق من وجود مساحة على القرص.
do-journal-failed = تُعاد المحاولة تلقائيًّا، ولا يُفقد إلا إذا أُغلق المتصفح قبل ذلك.
do-journal-damaged = الباقي موجود. والملفات التي فُقدت سجلاتها مدرجة بتجزئاتها.
do-settings-damaged = افتح الإعدادات واضبطها من جديد.
do-identity-lost = يُعلَن ما تشاركه من جديد بهذه الهوية.
do-not-renewed = تحقّق من وجود مساحة على القرص، ثم أعد المحاولة.
do-not-sent = أغلق هذه الصفحة وافتحها من جديد.
do-no-answer-share = انظر إلى القائمة، وأعد المحاولة إن لم يحدث شيء فيها.
do-no-answer = انظر هل تم الأمر، وأعد المحاولة إن لم يتم.
do-handover = اخترها من جديد، أو اختر أقل منها دفعةً واحدة.
do-unknown = ابحث عن إصدار أحدث.

## Why: clauses, which follow a colon or a comma.
## Their subject "it" is what the sentence is about: the provider, the storage, the file or the address.

reason-empty = فارغ
reason-too-long = أطول مما ينبغي
reason-not-a-cid = ليس CID
reason-not-a-file = لا يدل على ملف
reason-inside-folder = داخل مجلد
reason-no-such-entry = لا يحتوي على هذا العنصر
reason-lowered-cid = تجزئة دون حروفها الكبيرة
reason-peer-id = معرّف نظير
reason-ipns-name = اسم IPNS
reason-bad-key = المفتاح غير كامل
reason-unreachable = لا يمكن الوصول إليه
reason-silent = صمت لمدة طويلة
reason-broken-off = انقطع الرد
reason-status = كان الرد { $status }
reason-no-reply = لا رد في الوقت المحدد
reason-malformed = الرد غير مفهوم
reason-no-such-function = لم يعد يوفر الملف
reason-refused = رفض
reason-busy = مشغول
reason-unavailable = لا مخزن لديه
reason-bad-request = لم يفهم الاستدعاء
reason-internal = حدث خطأ لديه
reason-no-address = لا يذكر مخزنًا
reason-bad-address = يذكر عنوانًا ليس عنوان مخزن
reason-banned = يذكر مخزنًا أرسل بايتات خاطئة
reason-partial = أرسل جزءًا فقط
reason-too-much = يرسل أكثر مما طُلب
reason-lost = فُقدت بايتات على هذا الحاسوب قبل كتابتها
reason-no-cars = لا يرسل ملفات CAR
reason-bad-car = ما يرسله ليس CAR
reason-unexpected-block = أرسل كتلة غير الكتلة التالية
reason-repeated-blocks = يكرر الكتل نفسها
reason-block-too-large = إحدى الكتل أكبر مما ينبغي
reason-unknown-hash = يستخدم دالة تجزئة غير مدعومة ({ $codec })
reason-short-digest = الملخص أقصر من أن يثبت شيئًا
reason-unknown-codec = إحدى الكتل ليست جزءًا من ملف (الترميز { $codec })
reason-bad-node = إحدى الكتل ليست عقدة UnixFS
reason-contradiction = الكتل يناقض بعضها بعضًا
reason-symbolic-link = رابط رمزي أو بيانات وصفية
reason-too-many-blocks = كتل أكثر مما ينبغي (المسموح { $limit })
reason-too-many-files = ملفات أكثر مما ينبغي (المسموح { $limit })
reason-too-deep = متداخل أعمق مما ينبغي
reason-paths-too-long = المسار أطول مما ينبغي
reason-incomplete = ليس كله موجودًا
reason-damaged-record = ما حُفظ منه تالف
reason-not-private = ليست مشاركة خاصة
reason-wrong-key = المفتاح الموجود في الرابط ليس مفتاحه
reason-altered = غُيّر جزء منه
reason-bad-archive = ما فيه ليس ملفًا أو مجلدًا مما يُشارك
reason-empty-name = في مساره اسم فارغ
reason-dot-name = في مساره اسم هو «.» أو «..»
reason-zero-byte = في اسمه بايت صفري
reason-same-name = لملف آخر الاسم نفسه
reason-name-collision = لاسمه واسم آخر التجزئة نفسها
reason-too-many-nodes = عدد العقد أكثر من { $limit }
reason-bad-node-address = يبدأ العنوان بـ ⁦/ip4/⁩ أو ⁦/ip6/⁩ أو ⁦/dns4/⁩
reason-bad-host = ليس فيه عنوان IP ولا اسم مضيف
reason-bad-port = يجب أن يكون المنفذ رقمًا من 1 إلى 65535
reason-not-web-socket = يحتاج المتصفح إلى عنوان WebSocket، …/tcp/PORT/ws أو …/tcp/PORT/tls/ws
reason-bad-peer-id = ما يلي /p2p/ ليس معرّف نظير
reason-bad-url = ليس عنوان http:// أو https://
reason-zero = يجب أن يكون أكبر من صفر
reason-bad-folder-name = لا يمكن أن يكون اسم مجلد
reason-newer-version = من إصدار أحدث
reason-bad-value = فيه قيمة لا يمكن قراءتها
reason-no-nodes = لا يذكر عقدة يمكن للمتصفح الوصول إليها
reason-not-secure = يجب أن يكون على عنوان https://
reason-bad-function = اسم الدالة من 1 إلى 256 بايتًا ودون مسافات
reason-bad-arguments = الوسائط ليست كائن JSON
reason-no-function = لم يُعثر على أحد يوفرها
reason-bad-data-url = عنوان data: تالف
reason-unsupported-scheme = لا يمكن قراءة عناوين من هذا النوع
reason-not-an-address = ليس عنوانًا على الويب
reason-unknown = السبب لا يعرفه هذا الإصدار

## In the place of a value that is not known.

unset-host = (خادم غير معروف)
unset-peer = (غير معروف)
unset-name = (غير معروف)
unset-limit = (الحد)
unset-status = خطأ
unset-codec = غير معروف
unset-reason = السبب غير معروف
unset = (غير معروف)
