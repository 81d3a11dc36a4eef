import type { experimental } from '@grpc/grpc-js';
import type { TlsMaterial } from '../security/tls-files';
import type { TlsWatch } from '../security/tls-watch';

type IdentityListener = experimental.IdentityCertificateUpdateListener;
type CaListener = experimental.CaCertificateUpdateListener;

/**
 * Adapter from a {@link TlsWatch} to the certificate provider interface of grpc-js. The file
 * watcher of grpc-js passes on whatever it reads: a certificate without its key, or a file that is
 * missing for a moment, makes it drop every connection until the next poll.
 */
export class TlsProvider implements experimental.CertificateProvider {
  private readonly identityListeners = new Set<IdentityListener>();
  private readonly caListeners = new Set<CaListener>();

  constructor(private readonly watch: TlsWatch) {
    watch.onChange((material) => {
      for (const listener of this.identityListeners) listener(identity(material));
      for (const listener of this.caListeners) listener(authority(material));
    });
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.add(listener);
    // Deferred, because servers register their own listeners only after this call.
    process.nextTick(() => listener(identity(this.watch.current)));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.caListeners.add(listener);
    process.nextTick(() => listener(authority(this.watch.current)));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.caListeners.delete(listener);
  }
}

function identity({ cert, key }: TlsMaterial): experimental.IdentityCertificateUpdate {
  return { certificate: cert, privateKey: key };
}

function authority({ ca }: TlsMaterial): experimental.CaCertificateUpdate | null {
  return ca === undefined ? null : { caCertificate: ca };
}
