import { nginxConfiguration } from '../../../../bench/src/peers/layover-nginx';

const PLACE = { folder: '/run', host: '127.0.0.1:1', edge: '127.0.0.1:2', home: '/home', secret: 'secret' };

test('the shipped configuration is used without TLS', () => {
  const template = [
    'error_log ${NGINX_ERROR_LOG} warn;',
    'server {',
    '  listen ${NGINX_LISTEN} ssl http2;',
    '  ssl_certificate ${NGINX_TLS}/tls.crt;',
    '  alias ${LAYOVER_HOME}/blobs/;',
    '}',
  ].join('\n');
  expect(nginxConfiguration(template, PLACE)).toBe(
    ['error_log stderr notice;', 'server {', '  listen 127.0.0.1:1;', '  alias /home/blobs/;', '}'].join('\n'),
  );
});

test('a variable that is not known is an error', () => {
  expect(() => nginxConfiguration('${NGINX_NEW}', PLACE)).toThrow(/unknown variable NGINX_NEW/);
});
