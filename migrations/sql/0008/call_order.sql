-- The class of calls and orders that no keyword knows better: nothing is asked, for nobody was there yet.
INSERT INTO app.hazard_class
    (code, version, title, hint, law, questions, icon, position, limit_h, restricted, kind, public)
VALUES ('call_order', 1,
    '{"zh": "警情与工单", "en": "Call or order"}',
    '{"zh": "110警情、12345工单等其他系统转来的事项", "en": "Passed on by the 110 or 12345 service or another system"}',
    '{"zh": "", "en": ""}', '[]', 'other', 90, 72, false, 'order', false);
