"""Vocabularies in Chinese, Russian, Spanish, German and Japanese; a semicolon ends an entry."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

VOCABULARY = {
    "topic_zh": """
        量子纠缠; 太阳能电池; 唐代的丝绸贸易; 睡眠质量; 城市养蜂; 房贷利率; 数据库索引; 围棋定式;
        火山土壤; 青铜器铸造; 碳交易市场; 儿童双语教育; 急救常识; 跨境电商物流; 电动车电池回收;
        古籍修复; 慢性胃炎; 茶叶发酵; 高铁调度; 地铁噪音; 免疫系统; 微积分的历史; 社区垃圾分类;
        退休金规划; 玻璃幕墙节能; 盆栽养护; 敦煌壁画; 供应链延误; 机器翻译; 乡村旅游; 陶瓷釉料;
        海水淡化; 篮球训练; 过敏性鼻炎; 二手相机; 黑洞
    """,
    "topic_ru": """
        солнечные батареи; история чая; городское пчеловодство; ипотечные ставки;
        индексы в базах данных; шахматные эндшпили; вулканические почвы; сон и память;
        бронзовое литьё; рынок углеродных квот; двуязычные дети; первая помощь;
        доставка за границу; переработка аккумуляторов; реставрация книг; гастрит;
        расписание поездов; шум в метро; иммунитет; история анализа; раздельный сбор мусора;
        пенсионные накопления; утепление дома; комнатные растения; наскальные рисунки;
        задержки поставок; опреснение воды; аллергический ринит; плёночные камеры; чёрные дыры
    """,
    "topic_es": """
        los paneles solares; la historia del té; las colmenas urbanas; las hipotecas variables;
        los índices en bases de datos; los finales de ajedrez; los suelos volcánicos;
        el sueño y la memoria; la cerámica esmaltada; el mercado de carbono; los niños bilingües;
        los primeros auxilios; los envíos internacionales; el reciclaje de baterías;
        la restauración de libros; la gastritis; los trenes de cercanías; el ruido urbano;
        las vacunas; el origen del cálculo; el compostaje; los planes de pensiones;
        el aislamiento térmico; las plantas de interior; el arte rupestre;
        los retrasos de suministro; la desalinización; la rinitis alérgica; las cámaras analógicas
    """,
    "topic_de": """
        Solarmodule auf dem Balkon; die Geschichte des Tees; Stadtimkerei; variable Hypotheken;
        Indizes in Datenbanken; Schachendspiele; vulkanische Böden; Schlaf und Gedächtnis;
        Keramikglasuren; der Emissionshandel; zweisprachige Kinder; Erste Hilfe;
        Versand ins Ausland; Batterierecycling; Buchrestaurierung; Gastritis;
        Nahverkehr auf dem Land; Lärm in der Stadt; Impfungen; die Anfänge der Analysis;
        Mülltrennung; Betriebsrenten; Wärmedämmung; Zimmerpflanzen; Höhlenmalerei; Lieferverzug;
        Meerwasserentsalzung; Heuschnupfen
    """,
    "topic_ja": """
        太陽光発電; 茶の歴史; 都市養蜂; 住宅ローンの金利; データベースの索引; 将棋の終盤;
        火山灰の土; 睡眠と記憶; 陶器の釉薬; 排出量取引; 二言語教育; 応急手当; 海外への配送;
        電池の再利用; 古書の修復; 胃炎; 地方鉄道; 騒音の苦情; 免疫の仕組み; 微積分の起源;
        ごみの分別; 年金の積み立て; 断熱材; 観葉植物; 洞窟壁画; 納期の遅れ; 海水の淡水化; 花粉症;
        フィルムカメラ; ブラックホール
    """,
    "company_zh": """
        海通物流; 蓝鲸软件; 明德诊所; 山谷茶业; 新桥保险; 恒光电子; 青松酒店; 东岸银行; 禾木家具;
        云帆教育
    """,
    "product_zh": """
        无线耳机; 升降桌; 咖啡机; 跑鞋; 空气净化器; 机械键盘; 登山包; 台灯; 电饭煲; 扫地机器人;
        滤水壶; 雨衣
    """,
    "city_zh": """
        成都; 青岛; 长沙; 厦门; 兰州; 苏州; 昆明; 哈尔滨; 贵阳; 合肥
    """,
    "company_ru": """
        «Северный путь»; «Орион-софт»; «Клиника Лад»; «Чайный двор»; «Мост-страхование»;
        «Заря-банк»; «Лесная мебель»; «Гавань-отель»
    """,
    "product_ru": """
        беспроводные наушники; кофемашина; беговые кроссовки; очиститель воздуха; рюкзак;
        настольная лампа; робот-пылесос; велосипедный фонарь; офисное кресло; фильтр для воды
    """,
    "city_ru": """
        Томск; Казань; Пермь; Самара; Тула; Омск; Вологда; Ярославль
    """,
    "product_es": """
        auriculares inalámbricos; cafetera; zapatillas de correr; purificador de aire; mochila;
        lámpara; robot aspirador; silla de oficina; filtro de agua; olla arrocera
    """,
    "city_es": """
        Valencia; Rosario; Medellín; Puebla; Bilbao; Córdoba; Arequipa; Mérida
    """,
    "product_de": """
        kabellose Kopfhörer; Kaffeemaschine; Laufschuhe; Luftreiniger; Rucksack; Schreibtischlampe;
        Saugroboter; Bürostuhl; Wasserfilter; Fahrradlicht
    """,
    "city_de": """
        Kassel; Linz; Bern; Rostock; Ulm; Graz; Münster; Jena
    """,
    "product_ja": """
        ワイヤレスイヤホン; コーヒーメーカー; ランニングシューズ; 空気清浄機; リュック; 卓上ライト;
        掃除ロボット; 事務椅子; 浄水器; 炊飯器
    """,
    "city_ja": """
        仙台; 金沢; 松山; 長崎; 函館; 岡山; 富山; 那覇
    """,
    "clause_zh": """
        因为预算有限; 在两周之内; 虽然资料不多; 由于去年的经验; 在没有外部帮助的情况下;
        按照最新的规定; 考虑到天气变化; 与合作方协商之后; 在第三季度; 尽管有人反对
    """,
    "clause_ru": """
        из-за небольшого бюджета; в течение двух недель; несмотря на возражения; по новым правилам;
        без помощи подрядчиков; после переговоров с партнёром; в третьем квартале; с учётом погоды
    """,
    "clause_es": """
        con poco presupuesto; en dos semanas; a pesar de las quejas; según la norma nueva;
        sin ayuda externa; tras hablar con el socio; en el tercer trimestre;
        si el tiempo lo permite
    """,
    "clause_de": """
        bei knappem Budget; innerhalb von zwei Wochen; trotz der Einwände;
        nach der neuen Vorschrift; ohne fremde Hilfe; nach Absprache mit dem Partner;
        im dritten Quartal; je nach Wetter
    """,
    "clause_ja": """
        予算が限られているため; 二週間以内に; 反対意見があっても; 新しい規則に従って;
        外部の助けなしで; 取引先と相談したうえで; 第三四半期に; 天候を考慮して
    """,
}
"""Vocabulary -> entries."""

COMPOSED = {
    "passage_zh": (
        1500,
        """
{date}，{company_zh}公布了关于{topic_zh}的报告，{clause_zh}，成本上升了{percent}。

{city_zh}的调查显示，约有{percent}的居民关心{topic_zh}，{clause_zh}。

编号{reference}的文件说明，{product_zh}的价格为{price}元，{clause_zh}可以退货。

从{year}年开始，{topic_zh}逐渐受到重视，{clause_zh}，相关投入达到{number}万元。
        """,
    ),
    "passage_ru": (
        1200,
        """
{date} компания {company_ru} опубликовала отчёт на тему «{topic_ru}»; {clause_ru} расходы \
выросли на {percent}.

По данным опроса в городе {city_ru}, тему «{topic_ru}» назвали важной {percent} жителей.

Товар «{product_ru}» стоит {price} руб. и {clause_ru} может быть возвращён по акту {reference}.
        """,
    ),
    "passage_es": (
        1200,
        """
El {date} se publicó en {city_es} un informe sobre {topic_es}; {clause_es} los costes subieron \
un {percent}.

Según la encuesta {reference}, el {percent} de los vecinos se interesa por {topic_es}.

El artículo «{product_es}» cuesta {price} euros y {clause_es} se puede devolver.
        """,
    ),
    "passage_de": (
        1200,
        """
Am {date} erschien in {city_de} ein Bericht über {topic_de}; {clause_de} stiegen die Kosten um \
{percent}.

Laut Umfrage {reference} halten {percent} der Befragten das Thema {topic_de} für wichtig.

Der Artikel „{product_de}“ kostet {price} Euro und kann {clause_de} zurückgegeben werden.
        """,
    ),
    "passage_ja": (
        1200,
        """
{date}、{city_ja}市は{topic_ja}に関する報告書を公表した。{clause_ja}、費用は{percent}増えた。

調査{reference}によると、住民の{percent}が{topic_ja}に関心を持っている。

{product_ja}の価格は{price}円で、{clause_ja}返品できる。
        """,
    ),
}
"""Vocabulary -> (size, skeletons)."""
