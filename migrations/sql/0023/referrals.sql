-- A changed calendar moves the day until which a body's answer is due.
GRANT UPDATE (due_at) ON app.referral TO shuangge_worker;
