#!/bin/bash
# First process of one lab host. Runs in fresh mount, net, uts and pid namespaces: lays a writable overlay (on a tmpfs)
# over the machine's root, changes into it and stays. When it dies, every process and mount of the host is gone.
# usage: holder.sh STATE NAME HOSTNAME LABDIR
set -e
state=$1 name=$2 hostname=$3 labdir=$4
mount --make-rprivate /
base=$state/$name
mount -t tmpfs -o size=2g,mode=755 tmpfs "$base"
mkdir "$base"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
cd "$base/root"
hostname "$hostname"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p lab share run/lock
mount --bind "$labdir" lab
mount --bind "$state/share" share
chroot . /bin/touch "/share/ready.$name"
# shellcheck disable=SC2016
exec chroot . /bin/bash -c 'while :; do sleep 3600 & wait $!; done'
