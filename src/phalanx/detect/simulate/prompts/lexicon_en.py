"""English vocabularies; a semicolon ends each entry."""

from __future__ import annotations

VOCABULARY = {
    "topic": """
        sourdough starters; tidal energy; the history of tea; migraine triggers; urban beekeeping;
        vector databases; sleep hygiene; the Silk Road; mortgage refinancing; chess endgames;
        volcanic soils; public speaking; container gardening; jazz harmony;
        renting in a shared flat; knee rehabilitation; the causes of inflation; electric bicycles;
        home insulation; black holes; medieval guilds; landing page design;
        the Ottoman postal system; indoor air quality; credit scores; baby sleep schedules;
        the immune system; backpacking in winter; intermittent fasting; bilingual children;
        customer churn; freelance contracts; wildlife corridors; acoustic guitar maintenance;
        carbon accounting; stoic philosophy; data retention rules; long-distance running;
        the theory of plate tectonics; board game design; water softeners; microplastics;
        job interviews after a career break; rural broadband; cheese ripening; game theory;
        houseplants in low light; antibiotic resistance; the printing press;
        train travel across Europe; time zones; quantum tunnelling; pension funds;
        reading aloud to toddlers; noise complaints; coral bleaching; semiconductors;
        vintage cameras; warehouse safety; allergy seasons; the Great Depression; solar inverters;
        onboarding of new staff; crop rotation; typography on small screens; desert architecture;
        coffee extraction; wedding budgets; prime numbers; dog training; museum lighting;
        tax on dividends; mushroom foraging; emergency preparedness; neural scaling; sailing knots;
        the Harlem Renaissance; bread prices in 1789; supply chain delays; rainwater harvesting;
        knitting patterns; photosynthesis; election systems; cold brew; ergonomic desks;
        polar exploration; ceramic glazes; patient privacy; lithium recycling; street photography;
        sign languages; anaemia; rooftop solar; cloud cost control; the Baroque fugue;
        trade tariffs; perennial herbs; tenant deposits; lucid dreaming; whale migration
    """,
    "job": """
        nurse; product manager; civil engineer; primary school teacher; paralegal;
        warehouse supervisor; graduate student; sales representative; baker; pharmacist;
        data analyst; social worker; translator; electrician; marketing assistant;
        retired accountant; startup founder; museum guide; physiotherapist; logistics planner;
        landscape architect; lab technician; journalist; dental assistant; hotel manager;
        UX designer; farmer; youth coach
    """,
    "city": """
        Leeds; Montreal; Nairobi; Lisbon; Pune; Denver; Gdansk; Melbourne; Accra; Lyon; Osaka;
        Valparaiso; Tampere; Izmir; Boston; Cebu; Rotterdam; Cork; Austin; Bologna; Da Nang;
        Bergen; Cape Town; Leipzig
    """,
    "person": """
        Amara; Tobias; Mei; Jonas; Priya; Lucia; Hassan; Ingrid; Kofi; Elena; Marek; Yuki; Fatima;
        Declan; Noor; Sofia; Ravi; Chloe; Emeka; Astrid; Bruno; Leila; Oskar; Hana
    """,
    "company": """
        Northwind Grain; Halden Logistics; Brightwell Clinics; Corvid Games; Saltmarsh Hotels;
        Ferrous Tools; Lumen Optics; Pinecrest Insurance; Tessera Bank; Kestrel Air Parts;
        Oakhurst Furniture; Blue Heron Cafe; Marlow Textiles; Quillon Software; Redfern Energy;
        Vantage Rentals; Silverleaf Foods; Cobalt Fitness; Harbour Telecom; Aster Schools
    """,
    "product": """
        wireless headphones; standing desk; espresso machine; running shoes; baby monitor;
        garden hose; mechanical keyboard; travel mug; hiking backpack; air purifier; LED lamp;
        smart thermostat; yoga mat; electric toothbrush; camping stove; office chair; rain jacket;
        phone case; bike light; robot vacuum; water filter; notebook stand; dog harness;
        rice cooker
    """,
    "dish": """
        mushroom risotto; lentil soup; chicken adobo; okonomiyaki; shakshuka; beef stew;
        vegetable biryani; fish tacos; ratatouille; pierogi; pad thai; cornbread
    """,
    "mood": """
        friendly; formal; playful; concise; apologetic; confident; neutral; warm; persuasive;
        matter-of-fact
    """,
    "aside": """
        I have about ten minutes.; English is not my first language.;
        I tried searching but found only adverts.; My colleague says the opposite.;
        It is for a friend.; Budget is tight this month.; I asked something similar last week.;
        No need to be polite.; I am on my phone so keep it short.; This is due tomorrow.;
        I already know the basics.; Assume I know nothing.; We discussed this in our team today.;
        My daughter asked me and I had no answer.; I would rather have one good option than ten.;
        Please mention where you are unsure.; It keeps me up at night.;
        I read about it in a magazine.
    """,
    "subject": """
        The committee; A small cooperative; The northern branch; Our research team;
        The harbour authority; A retired engineer; The second shift; The regional office;
        An independent auditor; The supplier; The municipal library; A group of volunteers;
        The maintenance crew; The finance department; One of the founders; The new tenant;
        The laboratory; A visiting scholar; The insurance adjuster; The school board
    """,
    "subject_lower": """
        the committee; a small cooperative; the northern branch; our research team;
        the harbour authority; a retired engineer; the second shift; the regional office;
        an independent auditor; the supplier; the municipal library; a group of volunteers;
        the maintenance crew; the finance department; one of the founders; the new tenant
    """,
    "verb_past": """
        reviewed; postponed; approved; measured; published; rejected; replaced; inspected;
        negotiated; documented; renewed; repaired; summarised; questioned; expanded; archived
    """,
    "thing": """
        the drainage survey; the quarterly forecast; a shipment of ceramic tiles;
        the lease agreement; the vaccination records; the bridge sensors; the training manual;
        an appeal against the fine; the irrigation schedule; the exhibition catalogue;
        the fire safety plan; a batch of test kits; the payroll export; the ferry timetable;
        the noise readings; the supplier contract; the pilot programme; the customer survey;
        the soil samples; the archive of letters; the backup generator; the staffing plan
    """,
    "circumstance": """
        after a delay of eleven days; in the second week of the quarter;
        despite objections from the neighbours; at a cost below the estimate;
        with help from two contractors; before the winter closure;
        because the earlier figures were wrong; under the terms signed in spring;
        during an unannounced visit; without informing the other parties; as the weather allowed;
        following a complaint; for the third time since the merger; in line with the new guideline;
        although funding was uncertain; while the main hall was closed
    """,
    "consequence": """
        and the results will be shared next month; which reduced waiting times noticeably;
        but several questions remain open; so the original plan still stands;
        and nobody has objected so far; which the press reported incorrectly;
        and a second opinion was requested; so the deposit must be returned;
        while the older version stays valid until then; and the savings were larger than expected;
        although the margin of error is wide; and staff were told the same day;
        which led to a revised schedule; and the matter was closed
    """,
    "function_name": """
        parse_rows; merge_intervals; load_settings; normalise_address; count_events; flatten_tree;
        retry_request; build_index; validate_order; chunk_records; resolve_links; compute_totals;
        dedupe_names; schedule_jobs; render_invoice; split_batches; fetch_users; rotate_logs;
        sum_by_key; decode_header
    """,
    "argument_name": """
        rows; items; records; payload; entries; orders; users; lines_in; events; values; nodes;
        messages
    """,
    "field_name": """
        amount; created_at; user_id; status; label; total; priority; region; quantity; score;
        parent; duration_ms
    """,
    "library": """
        pandas; FastAPI; React; SQLAlchemy; Django; numpy; Next.js; asyncio; Spring Boot; Express;
        Flutter; PyTorch; Tailwind; Terraform; Docker Compose; PostgreSQL; Redis; Kubernetes;
        Airflow; GitHub Actions; SwiftUI; Laravel
    """,
    "programming": """
        Python; TypeScript; Go; Rust; Java; C#; C++; Kotlin; PHP; Ruby; SQL; Bash; Swift; Scala
    """,
    "error_text": """
        TypeError: 'NoneType' object is not iterable; KeyError: 'created_at';
        IndexError: list index out of range; ModuleNotFoundError: No module named 'settings';
        ECONNREFUSED 127.0.0.1:5432; Uncaught ReferenceError: state is not defined;
        panic: runtime error: invalid memory address or nil pointer dereference;
        error[E0502]: cannot borrow `buffer` as mutable because it is also borrowed as immutable;
        java.lang.NullPointerException at OrderService.java:88;
        psycopg.errors.UniqueViolation: duplicate key value violates unique constraint;
        CORS policy: No 'Access-Control-Allow-Origin' header is present;
        Segmentation fault (core dumped);
        ValueError: cannot reindex on an axis with duplicate labels;
        RuntimeError: Event loop is closed; OOMKilled, exit code 137;
        fatal: refusing to merge unrelated histories;
        AttributeError: 'list' object has no attribute 'items';
        SyntaxError: unexpected EOF while parsing;
        Error: Hydration failed because the initial UI does not match;
        ssl.SSLCertVerificationError: certificate verify failed
    """,
    "concept": """
        dependency injection; optimistic locking; tail recursion; database normalisation;
        event sourcing; memory alignment; idempotent requests; generics; back-pressure;
        connection pooling; two-phase commit; feature flags; closures; consistent hashing;
        covariance of types; the actor model; write-ahead logging; circuit breakers
    """,
}
"""Vocabulary -> entries."""
