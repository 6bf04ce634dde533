# One image for web, worker, scheduler and migrations: docker-compose.yml says which it is.
FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# WeasyPrint loads Pango from the system.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 portal
WORKDIR /app
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt
COPY --from=assets /app/node_modules node_modules
COPY . .
# Static files are named by content and compressed once, here. The values are the build's alone.
RUN mkdir -p media var \
    && DEBUG=0 DEMO=1 ALLOWED_HOSTS=localhost SEAL_KEY=none-at-build SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
       SECOND_FACTOR_KEYS="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
       python manage.py collectstatic --no-input \
    && rm -rf node_modules \
    && chown -R portal: media var
USER portal
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "msa_portal.wsgi"]
