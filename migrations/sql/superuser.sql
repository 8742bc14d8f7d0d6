-- Superuser steps: what the application's own roles can't do for themselves, and what pg_dump does not carry.
-- Idempotent. Run in the application's database by the superuser after each start, migration and restore
-- (webapp/core/ensure.py); the database itself exists already.

-- 1. Roles. No passwords: the private cluster knows its users by the operating system (peer).
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['shuangge_owner', 'shuangge_migrate', 'shuangge_web', 'shuangge_login',
                                'shuangge_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE shuangge_owner NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE shuangge_migrate LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE shuangge_web LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE shuangge_login LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE shuangge_worker LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT shuangge_owner TO shuangge_migrate;

-- 2. Settings of the roles. track_activities is off because pg_stat_activity shows a role the statements of all
-- its sessions, with names and telephone numbers in them; only a superuser can switch it on again.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['shuangge_web', 'shuangge_login', 'shuangge_worker'] LOOP
        EXECUTE format('ALTER ROLE %I SET track_activities = off', name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '15s');
        EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', name, '4s');
        EXECUTE format('ALTER ROLE %I SET search_path = app, public', name);
        EXECUTE format('ALTER ROLE %I SET jit = off', name);
    END LOOP;
END
$$;
ALTER ROLE shuangge_web SET statement_timeout = '15s';
ALTER ROLE shuangge_login SET statement_timeout = '15s';
ALTER ROLE shuangge_worker SET statement_timeout = '120s';

-- 3. The database. TEMPORARY is taken from everybody: a role that may make temporary functions can smuggle one
-- into a query. pg_dump does not carry this.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO shuangge_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM shuangge_migrate, shuangge_web, shuangge_login, shuangge_worker',
                   current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO shuangge_migrate, shuangge_web, shuangge_login, shuangge_worker',
                   current_database());
END
$$;

-- 4. Extensions and schemas. Only postgis itself: its topology and geocoder siblings put themselves on the search path.
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
CREATE SCHEMA IF NOT EXISTS app;
CREATE SCHEMA IF NOT EXISTS auth;
CREATE SCHEMA IF NOT EXISTS audit;
CREATE SCHEMA IF NOT EXISTS vault;
ALTER SCHEMA app OWNER TO shuangge_owner;
ALTER SCHEMA auth OWNER TO shuangge_owner;
ALTER SCHEMA audit OWNER TO shuangge_owner;
ALTER SCHEMA vault OWNER TO shuangge_owner;

-- 5. Row-level security switches the spatial index off unless the box operator's function is known not to leak:
-- the planner may not ask it about rows that the policy has not let through. One small box in 200,000 rows took
-- 1,120 to 2,300 ms instead of 1.2 ms. The function compares two boxes and raises no error that tells of a row.
-- pg_dump does not carry this.
ALTER FUNCTION public.geometry_overlaps(public.geometry, public.geometry) LEAKPROOF;

-- 6. Functions that a forged statement could do harm with: end or stall other sessions, or compute for minutes
-- beyond every timeout (one ST_MakeValid of a self-crossing ring ran for 18 minutes and could not be cancelled).
DO $$
DECLARE
    signature regprocedure;
BEGIN
    FOR signature IN
        SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE (n.nspname = 'pg_catalog' AND p.proname IN ('pg_terminate_backend', 'pg_cancel_backend', 'pg_sleep',
                                                         'pg_sleep_for', 'pg_sleep_until'))
           OR (n.nspname = 'public' AND p.proname IN ('st_makevalid', 'st_buffer'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', signature);
    END LOOP;
    FOR signature IN
        SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname IN ('st_makevalid', 'st_buffer')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO shuangge_owner', signature);
    END LOOP;
END
$$;
