INSERT INTO app.attempt_result (code, title, position, reached) VALUES
    ('nobody', '{"zh": "敲门无人应答", "en": "Nobody opens"}', 1, false),
    ('no_phone', '{"zh": "电话无人接听", "en": "Phone not answered"}', 2, false),
    ('refused', '{"zh": "拒绝配合", "en": "Refused"}', 3, true),
    ('notice', '{"zh": "留下通知单", "en": "Left a notice"}', 4, false),
    ('away', '{"zh": "邻居说外出", "en": "Away, neighbours say"}', 5, false),
    ('wrong_place', '{"zh": "地址不对", "en": "Wrong address"}', 6, false),
    ('met', '{"zh": "见到本人", "en": "Met somebody"}', 7, true),
    ('spoke', '{"zh": "电话联系上", "en": "Spoke by phone"}', 8, true);

-- A fraud warning is a lead with its own questions: whom the person has been in contact with, whether money has
-- gone, whether stopping was advised, who has it in hand.
INSERT INTO app.hazard_class
    (code, version, title, hint, law, questions, icon, position, limit_h, restricted, kind, public)
VALUES ('fraud_warning', 1,
    '{"zh": "反诈预警劝阻", "en": "Fraud warning"}',
    '{"zh": "只有责任民警和所领导看得到", "en": "Only the officer in charge and the chief see it"}',
    '{"zh": "《反电信网络诈骗法》第三十四条：公安机关会同有关部门完善预警劝阻系统，对潜在被害人及时采取劝阻措施。",
      "en": "Anti-telecom and online fraud law, article 34: police and others warn likely victims in time."}',
    '[{"name": "contact", "kind": "choice", "required": true,
       "title": {"zh": "联系情况", "en": "Contact tried"},
       "choices": [{"value": "met", "title": {"zh": "当面劝阻", "en": "Met in person"}},
                   {"value": "phone", "title": {"zh": "电话联系上", "en": "By phone"}},
                   {"value": "not_reached", "title": {"zh": "未联系上", "en": "Not reached"}}]},
      {"name": "times", "kind": "number", "low": 1, "high": 99,
       "title": {"zh": "联系次数", "en": "How many times"}},
      {"name": "kind", "kind": "choice", "required": true,
       "title": {"zh": "诈骗类型", "en": "Kind of fraud"},
       "choices": [{"value": "rebate", "title": {"zh": "刷单返利", "en": "Fake orders with rebates"}},
                   {"value": "romance", "title": {"zh": "杀猪盘、虚假投资", "en": "Romance or investment"}},
                   {"value": "police", "title": {"zh": "冒充公检法", "en": "False police or court"}},
                   {"value": "service", "title": {"zh": "冒充客服", "en": "False customer service"}},
                   {"value": "other", "title": {"zh": "其他", "en": "Other"}}]},
      {"name": "paid", "kind": "yesno", "required": true,
       "title": {"zh": "是否已转账", "en": "Has money gone?"}},
      {"name": "money", "kind": "number", "low": 0, "high": 100000000,
       "title": {"zh": "金额（元）", "en": "Amount (yuan)"}, "relevant": {"question": "paid", "in": [true]}},
      {"name": "stop_advised", "kind": "yesno", "required": true,
       "title": {"zh": "是否已劝阻、止付", "en": "Advised to stop, payment held?"}},
      {"name": "handed_to", "kind": "text",
       "title": {"zh": "移交给谁", "en": "Handed over to"}}]',
    'lead', 6, 24, true, 'lead', false);
